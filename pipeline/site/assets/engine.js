// DuckDB in a worker of its own, with one database in use. It reads that file and asks nobody for anything else.

const NUMBER = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL\(.*\))$/;
const LITTLE = 8_000_000; // bytes of a database fetched whole: by ranges DuckDB reads most of one so small, in ten requests
const SEMICOLON = 59;

/** The rows of a result, as texts.
 * @typedef {{columns: {name: string, type: string, figure: boolean}[], rows: (string | null)[][], more: boolean}} Result
 */

export class Engine {
  #worker;
  #database;
  #connection;
  #ended;
  #stopped = false;

  /** Starts DuckDB and opens a database.
   * @param {URL} folder what setup installed: the bundle, the worker, the module
   * @param {URL} address the database
   * @param {() => void} opening called once DuckDB is there
   */
  async start(folder, address, opening) {
    const { AsyncDuckDB, DuckDBDataProtocol, VoidLogger } = await import(new URL("duckdb.js", folder));
    if (this.#stopped) return;
    this.#worker = new Worker(new URL("duckdb-browser-eh.worker.js", folder));
    this.#ended = new Promise((_, reject) => {
      this.#worker.addEventListener("error", (event) => reject(new Error(event.message || "worker")));
    });
    this.#ended.catch(() => {}); // told by whoever waits
    this.#database = new AsyncDuckDB(new VoidLogger(), this.#worker);
    await this.#alive(this.#database.instantiate(new URL("duckdb-eh.wasm", folder).href));
    opening();
    // HEAD is answered without ranges, as RFC 9110 says: DuckDB is told not to rely on it.
    const filesystem = { forceFullHTTPReads: false, reliableHeadRequests: false, allowFullHTTPReads: true };
    await this.#alive(this.#database.open({ filesystem }));
    const name = decodeURIComponent(address.pathname.split("/").pop());
    const probe = await fetch(address, { headers: { Range: "bytes=0-0" } });
    if (!probe.ok) throw new Error(`${address} (${probe.status})`);
    if (probe.status === 206 && Number(probe.headers.get("Content-Range").split("/")[1]) > LITTLE) {
      await this.#alive(this.#database.registerFileURL(name, address.href, DuckDBDataProtocol.HTTP, false));
    } else { // little, or of a server without ranges, which has sent it already
      const whole = probe.status === 206 ? await fetch(address) : probe;
      await this.#alive(this.#database.registerFileBuffer(name, new Uint8Array(await whole.arrayBuffer())));
    }
    this.#connection = await this.#alive(this.#database.connect());
    for (const statement of [
      "SET autoinstall_known_extensions = false",
      "SET autoload_known_extensions = false",
      `ATTACH '${name.replaceAll("'", "''")}' AS portail (READ_ONLY)`,
      "USE portail",
      "SET enable_external_access = false",
      "SET lock_configuration = true",
    ]) await this.#query(statement);
  }

  /** Ends the worker, whatever it is doing. */
  stop() {
    this.#stopped = true;
    this.#worker?.terminate();
  }

  /** Runs SQL; the last statement's rows are the result.
   * @param {string} text
   * @param {number} most how many rows to keep
   * @returns {Promise<Result>}
   */
  async run(text, most) {
    const statements = await this.#statements(text);
    const last = statements.pop();
    if (last === undefined) return { columns: [], rows: [], more: false };
    for (const statement of statements) await this.#query(statement);
    const kinds = await this.#kinds(last);
    if (!kinds) return cells(await this.#query(last), [], most);
    // DuckDB itself prints the values: what its types are to JavaScript loses digits of some.
    const columns = kinds.map(({ at }) => `#${at}::VARCHAR`);
    try {
      const table = await this.#query(`SELECT ${columns.join(", ")} FROM (\n${last}\n) LIMIT ${most + 1}`);
      return cells(table, kinds, most);
    } catch (error) { // the first line was ours
      throw new Error(error.message.replace(/^LINE (\d+):/m, (_, line) => `LINE ${line - 1}:`));
    }
  }

  /** The columns of a statement that gives rows; null for another one, and for one that DuckDB does not understand. */
  async #kinds(statement) {
    let described;
    try {
      described = await this.#query(`DESCRIBE FROM (\n${statement}\n)`);
    } catch {
      return null; // it is run as it is, and says itself what is wrong with it
    }
    const [names, types] = [described.getChild("column_name"), described.getChild("column_type")];
    return Array.from({ length: described.numRows }, (_, at) => {
      const type = types.get(at);
      return { at: at + 1, name: names.get(at), type, figure: NUMBER.test(type) };
    });
  }

  /** The statements of a text, divided where DuckDB's own tokens say; they count bytes. */
  async #statements(text) {
    const bytes = new TextEncoder().encode(text);
    const tokens = [...(await this.#alive(this.#database.tokenize(text))).offsets];
    const ends = [...tokens.filter((offset) => bytes[offset] === SEMICOLON), bytes.length];
    return ends
      .map((end, at) => [at ? ends[at - 1] + 1 : 0, end])
      .filter(([start, end]) => tokens.some((offset) => start <= offset && offset < end))
      .map(([start, end]) => new TextDecoder().decode(bytes.subarray(start, end)));
  }

  #query(statement) {
    return this.#alive(this.#connection.query(statement));
  }

  /** What DuckDB answers, unless its worker fails first. */
  #alive(answer) {
    return Promise.race([answer, this.#ended]);
  }
}

function cells(table, kinds, most) {
  const columns = kinds.length
    ? kinds
    : table.schema.fields.map(({ name, type }) => ({ name, type: String(type), figure: false }));
  const vectors = columns.map((_, at) => table.getChildAt(at));
  const rows = Array.from({ length: Math.min(table.numRows, most) }, (_, row) => vectors.map((vector) => {
    const value = vector.get(row);
    return value === null ? null : String(value);
  }));
  return { columns, rows, more: table.numRows > most };
}
