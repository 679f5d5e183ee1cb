// What the SQL console needs of DuckDB, bundled into one module.
export { AsyncDuckDB, DuckDBDataProtocol, VoidLogger } from "@duckdb/duckdb-wasm";
