"""Made-up inline XBRL documents for the tests."""

from __future__ import annotations

CONTEXTS = """
<xbrli:context id="y"><xbrli:entity><xbrli:identifier scheme="http://www.sec.gov/CIK">0009999999</xbrli:identifier>
</xbrli:entity><xbrli:period><xbrli:startDate>2023-01-01</xbrli:startDate><xbrli:endDate>2023-12-31</xbrli:endDate>
</xbrli:period></xbrli:context>
<xbrli:context id="b"><xbrli:entity><xbrli:identifier scheme="http://www.sec.gov/CIK">0009999999</xbrli:identifier>
</xbrli:entity><xbrli:period><xbrli:instant>2023-12-31</xbrli:instant></xbrli:period></xbrli:context>
<xbrli:context id="s"><xbrli:entity><xbrli:identifier scheme="http://www.sec.gov/CIK">0009999999</xbrli:identifier>
<xbrli:segment><xbrldi:explicitMember dimension="us-gaap:StatementBusinessSegmentsAxis"
>q:StoneMember</xbrldi:explicitMember>
<xbrldi:typedMember dimension="q:PitAxis"><q:pit>North</q:pit></xbrldi:typedMember></xbrli:segment>
</xbrli:entity><xbrli:period><xbrli:startDate>2023-01-01</xbrli:startDate><xbrli:endDate>2023-12-31</xbrli:endDate>
</xbrli:period></xbrli:context>
"""
UNITS = """
<xbrli:unit id="usd"><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unit>
<xbrli:unit id="shares"><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unit>
<xbrli:unit id="eps"><xbrli:divide><xbrli:unitNumerator><xbrli:measure>iso4217:USD</xbrli:measure></xbrli:unitNumerator>
<xbrli:unitDenominator><xbrli:measure>xbrli:shares</xbrli:measure></xbrli:unitDenominator></xbrli:divide></xbrli:unit>
"""


def page(body: str, *, resources: str = CONTEXTS + UNITS, hidden: str = "", prefix: str = "ix") -> bytes:
    """An inline document whose header holds three contexts (y, b, s) and three units (usd, shares, eps)."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:{prefix}="http://www.xbrl.org/2013/inlineXBRL"
 xmlns:xbrli="http://www.xbrl.org/2003/instance" xmlns:xbrldi="http://xbrl.org/2006/xbrldi"
 xmlns:xs="http://www.w3.org/2001/XMLSchema-instance" xmlns:gaap="http://fasb.org/us-gaap/2023"
 xmlns:us-gaap="http://fasb.org/us-gaap/2023" xmlns:dei="http://xbrl.sec.gov/dei/2023" xmlns:q="http://quarry.example/2023">
<head><title/></head><body><div style="display:none"><{prefix}:header><{prefix}:hidden>{hidden}</{prefix}:hidden>
<{prefix}:resources>{resources}</{prefix}:resources></{prefix}:header></div>
{body}</body></html>""".encode()


def number(name: str, shown: str, **attributes: str) -> str:
    """A numeric fact; `contextRef` y, `unitRef` usd and dot decimals unless told otherwise."""
    given = {
        "contextRef": "y",
        "unitRef": "usd",
        "decimals": "-6",
        "scale": "6",
        "format": "ixt:num-dot-decimal",
    }
    given |= {key.replace("_", ":"): value for key, value in attributes.items()}
    written = "".join(f' {key}="{value}"' for key, value in given.items() if value)
    return f'<ix:nonFraction name="{name}"{written}>{shown}</ix:nonFraction>'
