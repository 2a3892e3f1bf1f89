"""Line plots as static SVG: few lines, axes with words, spans shaded. No scripts, nothing from a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 860, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 178, 12, 38
COLOURS = ("#1f5fa8", "#c2571a", "#2e7d4f", "#8a3fa0", "#a8842c", "#57606a", "#b3262e", "#1b8a8a")


@dataclass(frozen=True, slots=True)
class Line:
    """One line; points without a value are gaps."""

    name: str
    points: Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class Shade:
    """A span of x to be shown, with its name."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    shades: Sequence[Shade] = ()
    log_y: bool = False
    x_ticks: Sequence[tuple[float, str]] = ()
    """Where they are not numbers."""


def svg(plot: Plot) -> str:
    """The plot as an <svg> element."""
    values = [y for line in plot.lines for _, y in line.points if y is not None and math.isfinite(y)]
    places = [x for line in plot.lines for x, _ in line.points]
    if not values:
        return f"<p>{escape(plot.title)}: nothing was measured.</p>"
    scale = _Scale(min(places), max(places), values, log=plot.log_y)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(plot.title)}" xmlns="http://www.w3.org/2000/svg">'
    ]
    for number, shade in enumerate(plot.shades):
        left, right = scale.x(shade.start), max(scale.x(shade.end), scale.x(shade.start) + 2)
        parts.append(
            f'<rect x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" height="{HEIGHT - _TOP - _BOTTOM}" '
            f'class="shade"><title>{escape(shade.name)}</title></rect>'
            f'<text x="{left + 2:.1f}" y="{_TOP + 10 + number % 3 * 12}" class="small">{escape(shade.name)}</text>'
        )
    parts += [
        f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{scale.y(tick):.1f}" y2="{scale.y(tick):.1f}" '
        f'class="grid"/><text x="{_LEFT - 6}" y="{scale.y(tick) + 4:.1f}" class="small end">{_number(tick)}</text>'
        for tick in scale.y_ticks()
    ]
    x_ticks = plot.x_ticks or [(tick, _number(tick)) for tick in scale.x_ticks()]
    parts += [
        f'<text x="{scale.x(place):.1f}" y="{HEIGHT - _BOTTOM + 16}" class="small middle">{escape(words)}</text>'
        for place, words in x_ticks
    ]
    for number, line in enumerate(plot.lines):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<path d="{_path(line, scale)}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        y = _TOP + 12 + number * 16
        parts.append(
            f'<line x1="{WIDTH - _RIGHT + 10}" x2="{WIDTH - _RIGHT + 28}" y1="{y - 4}" y2="{y - 4}" '
            f'stroke="{colour}" stroke-width="3"/>'
            f'<text x="{WIDTH - _RIGHT + 34}" y="{y}" class="small">{escape(line.name)}</text>'
        )
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{HEIGHT - 4}" class="small middle">{escape(plot.x_label)}</text>'
        f'<text x="12" y="{HEIGHT / 2 - 12}" class="small middle" '
        f'transform="rotate(-90 12 {HEIGHT / 2 - 12})">{escape(plot.y_label)}</text></svg>'
    )
    return "".join(parts)


class _Scale:
    def __init__(self, left: float, right: float, values: Sequence[float], *, log: bool) -> None:
        self._left, self._right = left, right if right > left else left + 1
        self._log = log and min(values) > 0
        self._top = max(values) * 1.05 or 1.0
        self._bottom = min(values) * 0.9 if self._log else 0.0

    def x(self, place: float) -> float:
        share = (min(max(place, self._left), self._right) - self._left) / (self._right - self._left)
        return _LEFT + share * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        top, bottom, at = self._top, self._bottom, min(value, self._top)
        if self._log:
            top, bottom, at = math.log10(top), math.log10(bottom), math.log10(max(at, bottom))
        return HEIGHT - _BOTTOM - (at - bottom) / (top - bottom) * (HEIGHT - _TOP - _BOTTOM)

    def y_ticks(self) -> list[float]:
        if self._log:
            powers = range(math.floor(math.log10(self._bottom)), math.ceil(math.log10(self._top)) + 1)
            ticks = [step * 10.0**power for power in powers for step in (1, 3)]
            return [tick for tick in ticks if self._bottom <= tick <= self._top]
        return _even_ticks(0.0, self._top)

    def x_ticks(self) -> list[float]:
        return _even_ticks(self._left, self._right)


def _even_ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= rough)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def _path(line: Line, scale: _Scale) -> str:
    parts, is_drawn = [], False
    for x, y in line.points:
        if y is None or not math.isfinite(y):
            is_drawn = False
            continue
        parts.append(f"{'L' if is_drawn else 'M'}{scale.x(x):.1f} {scale.y(y):.1f}")
        is_drawn = True
    return "".join(parts)
