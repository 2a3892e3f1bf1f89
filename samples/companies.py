"""The three made-up companies. Their names, CIKs and tickers belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from samples import company_numbers as numbers
from samples.accounts import Accounts, YearAccounts, accounts_of
from samples.fiscal_calendar import last_saturday_fiscal_year, month_end_fiscal_year

YEARS = (2022, 2023, 2024)
"""The fiscal years for which each company files annual and quarterly reports."""


class House(StrEnum):
    """The three habits of markup that the inline documents come in."""

    NUMBERED = "numbered"
    DESCRIPTIVE = "descriptive"
    PROSE = "prose"


@dataclass(frozen=True, slots=True)
class Product:
    name: str
    member: str
    """Local name of the extension member."""
    percent: int
    """Share of revenue."""


@dataclass(frozen=True, slots=True)
class SampleCompany:
    key: str
    name: str
    short_name: str
    """As its own reports call it."""
    former_name: str
    renamed_on: date
    ticker: str
    cik: int
    prefix: str
    """Namespace prefix of its extension elements, and the start of its file names."""
    sic: str
    sic_description: str
    organization: str
    state: str
    state_name: str
    ein: str
    file_number: str
    exchange: str
    exchange_code: str
    street: str
    city: str
    address_state: str
    zip_code: str
    phone: str
    fiscal_year_end: str
    """Month and day as EDGAR lists it: "0131"."""
    filer_category: str
    smaller_reporting_company: bool
    chief_executive: str
    chief_financial: str
    auditor: str
    auditor_city: str
    agent: int
    """Who submits: the number that begins the accession numbers."""
    house: House
    statement_years: int
    """Income statements an annual report shows, where there are as many."""
    products: tuple[Product, ...]
    accounts: Accounts
    former_chief_financial: str = ""
    chief_financial_since: date = date.min
    former_auditor: str = ""
    """Who audited the years before fiscal 2023, when that was somebody else."""
    second_class_shares: int = 0
    """Shares of Class B; with them the cover page states both classes and no total."""

    def shares_outstanding(self, label: int, quarter: int) -> int:
        """On the cover of the report for that quarter (4: the annual one), all classes together."""
        return (
            self.accounts.year(label).quarters[quarter - 1].basic_shares * 1000
            + label % 100 * 37
            + quarter * 11
        )

    def product_revenue(self, revenue: int) -> tuple[int, ...]:
        """`revenue` by product; the last one takes what rounding leaves."""
        parts = [revenue * product.percent // 100 for product in self.products[:-1]]
        return (*parts, revenue - sum(parts))

    def chief_financial_on(self, day: date) -> str:
        return self.chief_financial if day >= self.chief_financial_since else self.former_chief_financial

    def auditor_of(self, label: int) -> str:
        return self.former_auditor if self.former_auditor and label < 2023 else self.auditor

    def year(self, label: int) -> YearAccounts:
        return self.accounts.year(label)


FILING_AGENT = 1999999900
"""A filing agent that submits for more than one company."""

LARKFIELD = SampleCompany(
    key="larkfield",
    name="Larkfield Instruments Corp",
    short_name="Larkfield",
    former_name="LARKFIELD SCIENTIFIC CO",
    renamed_on=date(2001, 5, 14),
    ticker="LKFI",
    cik=1999999011,
    prefix="lkfi",
    sic="3826",
    sic_description="LABORATORY ANALYTICAL INSTRUMENTS",
    organization="08 Industrial Applications and Services",
    state="DE",
    state_name="Delaware",
    ein="009990011",
    file_number="001-99011",
    exchange="The Nasdaq Stock Market LLC",
    exchange_code="NASDAQ",
    street="40 Quarry Mill Road",
    city="Westbrook",
    address_state="ME",
    zip_code="04092",
    phone="(207) 555-0140",
    fiscal_year_end="1231",
    filer_category="Large Accelerated Filer",
    smaller_reporting_company=False,
    chief_executive="Miriam Oyelaran",
    chief_financial="Desmond Aldous Pryce",
    auditor="Whitcombe Vance LLP",
    auditor_city="Portland, Maine",
    agent=1999999011,
    house=House.NUMBERED,
    statement_years=3,
    products=(
        Product("Instruments", "InstrumentsMember", 52),
        Product("Consumables", "ConsumablesMember", 31),
        Product("Service", "ServiceContractsMember", 17),
    ),
    accounts=accounts_of(
        6,
        tuple(month_end_fiscal_year(label, 12) for label in (2021, *YEARS)),
        numbers.LARKFIELD_OPENING,
        numbers.LARKFIELD_QUARTERS,
        numbers.LARKFIELD_DEBT_DUE,
    ),
    second_class_shares=8_214_500,
)

PELL_DUNMORE = SampleCompany(
    key="pell_dunmore",
    name="Pell & Dunmore Outfitters, Inc.",
    short_name="Pell & Dunmore",
    former_name="",
    renamed_on=date.min,
    ticker="PLDM",
    cik=1999999022,
    prefix="pldm",
    sic="5651",
    sic_description="RETAIL-FAMILY CLOTHING STORES",
    organization="07 Trade & Services",
    state="OH",
    state_name="Ohio",
    ein="009990022",
    file_number="001-99022",
    exchange="New York Stock Exchange",
    exchange_code="NYSE",
    street="1200 Tannery Row",
    city="Dayton",
    address_state="OH",
    zip_code="45402",
    phone="(937) 555-0122",
    fiscal_year_end="0131",
    filer_category="Accelerated Filer",
    smaller_reporting_company=True,
    chief_executive="Harlan T. Brandvold",
    chief_financial="Lucia Ferrante-Moss",
    auditor="Strickler & Bowne LLP",
    auditor_city="Columbus, Ohio",
    agent=FILING_AGENT,
    house=House.DESCRIPTIVE,
    statement_years=2,
    products=(
        Product("Outerwear and apparel", "ApparelMember", 61),
        Product("Footwear", "FootwearMember", 24),
        Product("Camping equipment and other", "EquipmentMember", 15),
    ),
    accounts=accounts_of(
        3,
        tuple(month_end_fiscal_year(label, 1) for label in (2021, *YEARS)),
        numbers.PELL_DUNMORE_OPENING,
        numbers.PELL_DUNMORE_QUARTERS,
        numbers.PELL_DUNMORE_DEBT_DUE,
    ),
    former_chief_financial="Walter Eidson",
    chief_financial_since=date(2023, 9, 18),
    former_auditor="Hollis Crane LLP",
)

CORVANE = SampleCompany(
    key="corvane",
    name="Corvane Robotics Corp",
    short_name="Corvane",
    former_name="",
    renamed_on=date.min,
    ticker="CRVX",
    cik=1999999033,
    prefix="crvx",
    sic="3569",
    sic_description="GENERAL INDUSTRIAL MACHINERY & EQUIPMENT, NEC",
    organization="06 Technology",
    state="MN",
    state_name="Minnesota",
    ein="009990033",
    file_number="001-99033",
    exchange="The Nasdaq Stock Market LLC",
    exchange_code="NASDAQ",
    street="775 Foundry Lake Parkway",
    city="Rochester",
    address_state="MN",
    zip_code="55901",
    phone="(507) 555-0133",
    fiscal_year_end="0928",
    filer_category="Accelerated Filer",
    smaller_reporting_company=False,
    chief_executive="Ingrid Solheim",
    chief_financial="Paul N. Abernathy",
    auditor="Marrow Keel & Partners LLP",
    auditor_city="Minneapolis, Minnesota",
    agent=1999999033,
    house=House.PROSE,
    statement_years=2,
    products=(
        Product("Robotic cells", "RoboticCellsMember", 66),
        Product("Software and service", "SoftwareAndServiceMember", 34),
    ),
    accounts=accounts_of(
        3,
        tuple(last_saturday_fiscal_year(label, 9) for label in (2021, *YEARS)),
        numbers.CORVANE_OPENING,
        numbers.CORVANE_QUARTERS,
        numbers.CORVANE_DEBT_DUE,
        reclassification=(2022, numbers.CORVANE_2022_RECLASSIFIED),
    ),
    former_chief_financial="Carla Montrose",
    chief_financial_since=date(2023, 3, 1),
)

COMPANIES = (LARKFIELD, PELL_DUNMORE, CORVANE)
