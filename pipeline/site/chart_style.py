"""The look of every chart: Vega-Lite's configuration, in colours that stand for classes of chart.css."""

from __future__ import annotations

from typing import Any

# A colour of the drawing, and the class that gives it its true one, in light and in dark.
CLASSES = {
    "#f00001": "1",
    "#f00002": "2",
    "#f00003": "3",
    "#f00004": "4",
    "#f00005": "5",
    "#f00006": "6",
    "#f00011": "ink",
    "#f00012": "muted",
    "#f00013": "grid",
}
_COLOURS = {name: colour for colour, name in CLASSES.items()}
SERIES = tuple(colour for colour, name in CLASSES.items() if name.isdigit())
# Texts are measured in a font that vl-convert brings, so alike everywhere, and larger than chart.css draws them (13px):
# there is room for them in the wider fonts that pages are read in.
_FONT, _TEXT = "Liberation Sans", 15


def config(width: int) -> dict[str, Any]:
    """Vega-Lite's `config` for a drawing of so many pixels."""
    ink, muted, grid, first = (_COLOURS[name] for name in ("ink", "muted", "grid", "1"))
    return {
        "background": None,
        "font": _FONT,
        "numberFormat": ",.6~f",
        "view": {"stroke": None},
        "mark": {"color": first},
        "bar": {"color": first, "aria": True},
        "line": {"color": first, "strokeWidth": 2.5, "aria": False, "point": {"size": 70, "filled": True}},
        "area": {"color": first, "aria": False, "fillOpacity": 0.25, "line": {"color": first}},
        "point": {"color": first, "size": 110, "filled": True, "opacity": 1},
        "tick": {"color": first, "thickness": 3},
        "rect": {"color": first},
        "rule": {"color": muted, "aria": False},
        "text": {"color": ink, "fontSize": _TEXT, "aria": False},
        "range": {
            "category": list(SERIES),
            "symbol": ["circle", "square", "triangle-up", "diamond", "cross", "stroke"],
        },
        "scale": {"bandPaddingInner": 0.35, "bandPaddingOuter": 0.2},
        "axis": {
            "aria": False,
            "labelColor": ink,
            "labelFontSize": _TEXT,
            "labelPadding": 6,
            "labelLimit": round(width * 0.4),
            "labelOverlap": True,
            "labelSeparation": 4,
            "titleColor": muted,
            "titleFontSize": _TEXT,
            "titleFontWeight": "normal",
            "titlePadding": 10,
            "gridColor": grid,
            "domainColor": muted,
            "tickColor": muted,
            "tickSize": 4,
        },
        "axisBand": {"ticks": False, "domain": False},
        "axisXDiscrete": {"labelAngle": 0, "domain": True},
        "axisYBand": {"domain": True},
        # The title of the vertical axis lies above it, where it is read without turning the head.
        "axisY": {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleY": -16},
        "legend": {
            "aria": False,
            "orient": "top",
            "labelColor": ink,
            "labelFontSize": _TEXT,
            "labelLimit": round(width * 0.5),
            "columns": width // 160,
            "titleColor": muted,
            "titleFontSize": _TEXT,
            "titleFontWeight": "normal",
            "symbolSize": 120,
            "symbolStrokeWidth": 0,
            "symbolBaseFillColor": muted,
            "symbolBaseStrokeColor": muted,
        },
    }
