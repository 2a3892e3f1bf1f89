"""Codes of the places, exchanges and filer categories that cover pages name in words.

Sources: ISO 3166-1 and 3166-2, EDGAR's state and country codes (EDGAR Filer Manual volume II, table 3-3 of the codes
page), and the exchange codes of the SEC's exch taxonomy.
"""

from __future__ import annotations

import re


def country_code(name: str) -> str | None:
    """ISO 3166-1 code of a country: "US"."""
    return _ISO_COUNTRIES.get(_folded(name))


def state_code(name: str) -> str | None:
    """Postal code of a state of the US, its territories, or a province of Canada: "DE", "ON"."""
    return _STATES.get(_folded(name))


def edgar_code(name: str) -> str | None:
    """EDGAR's code of a country, a territory or a province of Canada: "D0" is Bermuda."""
    folded = _folded(name)
    return _EDGAR_PLACES.get(folded.removesuffix(" canada")) or _EDGAR_PLACES.get(folded)


def exchange_code(name: str) -> str | None:
    """Code of a US securities exchange: "NYSE", "NASDAQ"."""
    folded = re.sub(r" (?:inc|llc)$", "", _folded(name))
    return _EXCHANGES.get(folded)


def filer_category(name: str) -> str | None:
    """The category as the dei taxonomy spells it: "Non-accelerated Filer"."""
    return _FILER_CATEGORIES.get(_folded(name))


def _folded(name: str) -> str:
    plain = name.casefold().translate(_PLAIN_LETTERS)
    words = re.sub(r"[^a-z0-9]+", " ", plain.replace(".", "").replace("'", "").replace("’", ""))
    return words.strip().removeprefix("the ")


_PLAIN_LETTERS = str.maketrans("àáâãäåçèéêëìíîïñòóôõöùúûü", "aaaaaaceeeeiiiinooooouuuu")

_FILER_CATEGORIES = {
    "large accelerated filer": "Large Accelerated Filer",
    "accelerated filer": "Accelerated Filer",
    "non accelerated filer": "Non-accelerated Filer",
}

_EXCHANGES = {
    "box exchange": "BOX",
    "cboe byx exchange": "CboeBYX",
    "cboe bzx exchange": "CboeBZX",
    "cboe c2 exchange": "C2",
    "cboe edga exchange": "CboeEDGA",
    "cboe edgx exchange": "CboeEDGX",
    "cboe exchange": "CBOE",
    "chicago stock exchange": "CHX",
    "nyse chicago": "CHX",
    "investors exchange": "IEX",
    "long term stock exchange": "LTSE",
    "miami international securities exchange": "MIAX",
    "miax pearl": "PEARL",
    "nasdaq bx": "BX",
    "nasdaq gemx": "GEMX",
    "nasdaq ise": "ISE",
    "nasdaq mrx": "MRX",
    "nasdaq phlx": "Phlx",
    "nyse": "NYSE",
    "new york stock exchange": "NYSE",
    "nyse american": "NYSEAMER",
    "nyse arca": "NYSEArca",
    "nyse national": "NYSENAT",
    "nyse texas": "NYSETX",
    "nasdaq": "NASDAQ",
    "nasdaq stock market": "NASDAQ",
    "nasdaq global market": "NASDAQ",
    "nasdaq global select market": "NASDAQ",
    "nasdaq capital market": "NASDAQ",
}

_STATE_ROWS = """
AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|FL Florida|GA Georgia
HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland
MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire
NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon
PA Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia
WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming|DC District of Columbia|AS American Samoa|AS Samoa|GU Guam
MP Northern Mariana Islands|PR Puerto Rico|UM United States Minor Outlying Islands|VI Virgin Islands, U.S.
AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland|NL Newfoundland and Labrador|NS Nova Scotia
NT Northwest Territories|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|SK Saskatchewan|YT Yukon
"""

_PROVINCE_ROWS = """
A0 Alberta|A1 British Columbia|A2 Manitoba|A3 New Brunswick|A4 Newfoundland|A4 Newfoundland and Labrador|A5 Nova Scotia
A6 Ontario|A7 Prince Edward Island|A8 Quebec|A9 Saskatchewan|B0 Yukon|XX Unknown
"""

# ISO code, EDGAR's code ("-" where it has none), names
_COUNTRY_ROWS = """
AF B2 Afghanistan|AX Y6 Aland Islands|AL B3 Albania|DZ B4 Algeria|AS B5 American Samoa|AD B6 Andorra
AO B7 Angola|AI 1A Anguilla|AQ B8 Antarctica|AG B9 Antigua and Barbuda|AR C1 Argentina/Republic of Argentina
AM 1B Armenia|AW 1C Aruba|AU C3 Australia|AT C4 Austria|AZ 1D Azerbaijan|BS C5 Bahamas|BH C6 Bahrain
BD C7 Bangladesh|BB C8 Barbados|BY 1F Belarus|BE C9 Belgium|BZ D1 Belize|BJ G6 Benin|BM D0 Bermuda
BT D2 Bhutan|BO D3 Bolivia|BQ - Bonaire, Sint Eustatius and Saba|BA 1E Bosnia and Herzegovina|BW B1 Botswana
BV D4 Bouvet Island|BR D5 Brazil/Brasil/Federative Republic of Brazil|IO D6 British Indian Ocean Territory
BN D9 Brunei Darussalam|BG E0 Bulgaria|BF X2 Burkina Faso|BI E2 Burundi|CV E8 Cabo Verde/Cape Verde
KH E3 Cambodia|CM E4 Cameroon|CA Z4 Canada|KY E9 Cayman Islands|CF F0 Central African Republic|TD F2 Chad
CL F3 Chile|CN F4 China/People's Republic of China|CX F6 Christmas Island
CC F7 Cocos Islands/Cocos (Keeling) Islands|CO F8 Colombia/Republic of Colombia|KM F9 Comoros
CD Y3 Democratic Republic of Congo/Democratic Republic of the Congo|CG G0 Congo|CK G1 Cook Islands
CR G2 Costa Rica|CI L7 Cote d'Ivoire|HR 1M Croatia|CU G3 Cuba|CW - Curacao|CY G4 Cyprus
CZ 2N Czechia/Czech Republic|DK G7 Denmark/Kingdom of Denmark|DJ 1G Djibouti|DM G9 Dominica
DO G8 Dominican Republic|EC H1 Ecuador|EG H2 Egypt|SV H3 El Salvador|GQ H4 Equatorial Guinea|ER 1J Eritrea
EE 1H Estonia|SZ V6 Eswatini/Swaziland|ET H5 Ethiopia|FK H7 Falkland Islands/Falkland Islands (Malvinas)
FO H6 Faroe Islands|FJ H8 Fiji|FI H9 Finland|FR I0 France|GF I3 French Guiana|PF I4 French Polynesia
TF 2C French Southern Territories|GA I5 Gabon|GM I6 Gambia|GE 2Q Georgia|DE 2M Germany|GH J0 Ghana
GI J1 Gibraltar|GR J3 Greece|GL J4 Greenland|GD J5 Grenada|GP J6 Guadeloupe|GU GU Guam|GT J8 Guatemala
GG Y7 Guernsey|GN J9 Guinea|GW S0 Guinea-Bissau|GY K0 Guyana|HT K1 Haiti
HM K4 Heard Island and McDonald Islands|VA X4 Holy See/Vatican City|HN K2 Honduras|HK K3 Hong Kong
HU K5 Hungary|IS K6 Iceland|IN K7 India|ID K8 Indonesia|IR K9 Iran/Islamic Republic of Iran|IQ L0 Iraq
IE L2 Ireland|IM Y8 Isle of Man|IL L3 Israel|IT L6 Italy|JM L8 Jamaica|JP M0 Japan|JE Y9 Jersey|JO M2 Jordan
KZ 1P Kazakhstan|KE M3 Kenya|KI J2 Kiribati|KP M4 North Korea/Democratic People's Republic of Korea
KR M5 South Korea/Republic of Korea|KW M6 Kuwait|KG 1N Kyrgyzstan|LA M7 Lao People's Democratic Republic
LV 1R Latvia|LB M8 Lebanon|LS M9 Lesotho|LR N0 Liberia|LY N1 Libya/State of Libya|LI N2 Liechtenstein
LT 1Q Lithuania|LU N4 Luxembourg/Duchy of Luxembourg/Grand Duchy of Luxembourg|MO N5 Macau/Macao
MG N6 Madagascar|MW N7 Malawi|MY N8 Malaysia|MV N9 Maldives|ML O0 Mali|MT O1 Malta
MH 1T Marshall Islands/Republic of Marshall Islands/Republic of the Marshall Islands|MQ O2 Martinique
MR O3 Mauritania|MU O4 Mauritius|YT 2P Mayotte|MX O5 Mexico/United Mexican States
FM 1K Micronesia/Federated States of Micronesia|MD 1S Moldova/Republic of Moldova|MC O9 Monaco|MN P0 Mongolia
ME Z5 Montenegro|MS P1 Montserrat|MA P2 Morocco|MZ P3 Mozambique|MM E1 Myanmar|NA T6 Namibia|NR P5 Nauru
NP P6 Nepal|- P8 Netherlands Antilles|NL P7 Netherlands|NC 1W New Caledonia|NZ Q2 New Zealand|NI Q3 Nicaragua
NE Q4 Niger|NG Q5 Nigeria|NU Q6 Niue|NF Q7 Norfolk Island
MK 1U North Macedonia/Macedonia/Republic of North Macedonia|MP 1V Northern Mariana Islands|NO Q8 Norway
OM P4 Oman|PK R0 Pakistan|PW 1Y Palau|PS 1X Palestine/State of Palestine|PA R1 Panama|PG R2 Papua New Guinea
PY R4 Paraguay|PE R5 Peru|PH R6 Philippines|PN R8 Pitcairn|PL R9 Poland|PT S1 Portugal|PR PR Puerto Rico
QA S3 Qatar|RE S4 Reunion|RO S5 Romania|RU 1Z Russian Federation|RW S6 Rwanda|BL Z0 Saint Barthelemy
SH U8 Saint Helena/Saint Helena, Ascension and Tristan da Cunha|KN U7 Saint Kitts and Nevis|LC U9 Saint Lucia
MF Z1 Saint Martin|PM V0 Saint Pierre and Miquelon|VC V1 Saint Vincent/Saint Vincent and the Grenadines
WS Y0 Samoa|SM S8 San Marino|ST S9 Sao Tome and Principe|SA T0 Saudi Arabia|SN T1 Senegal|RS Z2 Serbia
SC T2 Seychelles|SL T8 Sierra Leone|SG U0 Singapore|SX - Sint Maarten|SK 2B Slovakia|SI 2A Slovenia
SB D7 Solomon Islands|SO U1 Somalia|ZA T3 South Africa/Republic of South Africa
GS 1L South Georgia and the South Sandwich Islands|SS - South Sudan|ES U3 Spain/Kingdom of Spain/Espana
LK F1 Sri Lanka|SD V2 Sudan|SR V3 Suriname|SJ L9 Svalbard and Jan Mayen|SE V7 Sweden|CH V8 Switzerland
SY V9 Syria/Syrian Arab Republic|TW F5 Taiwan/Taiwan, Province of China|TJ 2D Tajikistan
TZ W0 Tanzania/United Republic of Tanzania|TH W1 Thailand|TL Z3 Timor-Leste|TG W2 Togo|TK W3 Tokelau
TO W4 Tonga|TT W5 Trinidad and Tobago|TN W6 Tunisia|TR W8 Turkey/Turkiye|TM 2E Turkmenistan
TC W7 Turks and Caicos Islands|TV 2G Tuvalu|UG W9 Uganda|UA 2H Ukraine|AE C0 United Arab Emirates/UAE
GB X0 United Kingdom/UK/Great Britain/Britain/England/England and Wales
GB X0 United Kingdom of Great Britain and Northern Ireland
UM 2J United States Minor Outlying Islands|US X1 United States/USA/US/United States of America|UY X3 Uruguay
UZ 2K Uzbekistan|VU 2L Vanuatu|VE X5 Venezuela|VN Q1 Viet Nam/Vietnam
VG D8 British Virgin Islands/Virgin Islands, British|VI VI U.S. Virgin Islands/Virgin Islands, U.S.
WF X8 Wallis and Futuna|EH U5 Western Sahara|YE T7 Yemen|ZM Y4 Zambia|ZW Y5 Zimbabwe
"""


def _rows(text: str) -> list[str]:
    return text.strip().replace("\n", "|").split("|")


_STATES = {_folded(name): code for code, _, name in (row.partition(" ") for row in _rows(_STATE_ROWS))}
_ISO_COUNTRIES: dict[str, str] = {}
_EDGAR_PLACES = {
    _folded(name): code for code, _, name in (row.partition(" ") for row in _rows(_PROVINCE_ROWS))
}
for _row in _rows(_COUNTRY_ROWS):
    _iso, _edgar, _names = _row.split(" ", 2)
    for _name in map(_folded, _names.split("/")):
        if _iso != "-":
            _ISO_COUNTRIES[_name] = _iso
        if _edgar != "-":
            _EDGAR_PLACES[_name] = _edgar
