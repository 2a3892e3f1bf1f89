"""Pell & Dunmore Outfitters: a clothing retailer that loses its customers and then its equity."""

from samples.narrative.profile import Profile, Risk

PROFILE = Profile(
    business="""
# General

Pell & Dunmore sells outdoor clothing, footwear and camping equipment through stores in eleven states of the Midwest
and through its website. Our first store opened in Dayton, Ohio, as a maker of leather goods. We operated 118 stores
at the end of fiscal 2021 and have closed stores in every year since. Fiscal years are named for the calendar year
in which they begin and end on January 31 of the next.

# Merchandise

About three fifths of our sales are outerwear and apparel, most of it under our own labels. We design our own labels
and have them made by contract manufacturers, chiefly in Vietnam and Bangladesh. Footwear and equipment are bought
from brands. We place orders for the autumn seven months ahead, before we know what the weather will be like.

# Stores

Our stores average 21,000 square feet and stand mostly in enclosed malls. All but four are leased. Leases run for
ten years with options to renew; rents are fixed, with additional rent above a level of sales that few stores reach
now.

# Seasonality

Our business is seasonal. The fourth quarter, which includes the holidays, has contributed about 30 percent of
yearly sales and, in good years, all of our profit. Inventory and borrowings are at their highest in October.

# Competition

The retail of apparel is highly competitive. We compete with department stores, discounters, brands that sell
directly and online sellers, most of which have greater resources. We compete on selection, on advice and on price;
online sellers have made price much more important than it used to be.

# Trademarks

We own the trademarks under which our labels are sold, among them Dunmore Field and Tannery Row. The registrations
can be renewed for as long as the marks are used.

# Employees

We employed approximately 2,300 associates at the end of the year, of whom 1,400 worked part time. During the
holidays we hire additional associates. Associates in our distribution center are represented by a union under an
agreement that runs for two more years.
""",
    risks=(
        Risk(
            "Our sales have declined and may continue to decline.",
            """Comparable sales have fallen in each of the last several years as customers visit malls less often
            and buy more online. We have reduced payroll, occupancy cost and advertising, but we have not been able
            to reduce them as fast as sales have fallen. If sales continue to decline, our losses will grow.""",
        ),
        Risk(
            "We depend on our revolving credit facility.",
            """We pay for inventory with borrowings under a revolving credit facility that is secured by that
            inventory. The lenders may reduce the amount available to us by reserves that they set at their
            discretion. If the facility were not available we would be unable to buy merchandise for the next
            season.""",
        ),
        Risk(
            "Vendors may shorten our payment terms.",
            """Vendors and the factors who insure them watch our results. Some have shortened terms or lowered
            credit limits. Each week by which terms are shortened requires several million dollars of cash that we
            would have to borrow, or a smaller selection in our stores.""",
        ),
        Risk(
            "Weather affects what we sell.",
            """A warm autumn reduces the demand for outerwear, our largest category. Merchandise that remains unsold
            in January is sold below cost. Since we order seven months ahead, we cannot respond to the weather of
            the season.""",
        ),
        Risk(
            "Our leases commit us to stores that lose money.",
            """We cannot close a leased store before its lease ends without paying the landlord. Thirty-one of our
            stores did not cover their own costs during the year. Landlords may not agree to lower rents, and a
            settlement uses cash that we need elsewhere.""",
        ),
        Risk(
            "Long-lived assets and goodwill may be impaired further.",
            """We test store assets and goodwill for impairment when results fall short of plan. We recorded
            impairment in recent years and could record more. Such charges do not use cash, but they reduce our
            equity and may affect the covenants of our credit agreements.""",
        ),
        Risk(
            "Our common stock could be delisted.",
            """The New York Stock Exchange requires listed companies to maintain a minimum price and a minimum
            market capitalization together with stockholders’ equity. If we do not meet these requirements our
            common stock may be delisted, which would make it harder to sell and harder for us to raise equity.""",
        ),
        Risk(
            "A loss of customer data would harm us.",
            """We store the names, addresses and purchases of 3.1 million members of our loyalty program. Criminals
            attack retailers frequently. A theft of data could lead to fines, lawsuits and a loss of the trust of
            our customers, and our insurance covers only a part of it.""",
        ),
    ),
    properties="""
We lease our stores, our headquarters in Dayton and a distribution center of 410,000 square feet in Springfield,
Ohio. We own four store buildings, all of which are mortgaged. Information about stores by state is given under
[[item_1|Item 1]].
""",
    legal="""
We are a defendant in claims by customers who fell in our stores, by former associates over overtime and by two
landlords over stores that we closed early. We accrue a liability when a loss is probable and can be estimated. We
do not expect these matters to be material to our results, though the costs of defence are.
""",
    market_risk="""
Borrowings under our revolving credit facility bear interest at a floating rate. An increase of one percentage point
in that rate would increase our interest expense by approximately $0.9 million a year. We buy merchandise in US
dollars and have no material exposure to other currencies.
""",
    revenue_policy="""
Revenue from merchandise is recognized when the customer takes it from the store or, for online orders, on delivery.
Sales taxes are excluded. A reserve for returns is based on past experience. Gift cards are recorded as a liability
when sold and as revenue when used; the part that will never be used is recognized in proportion to those that are.
""",
    debt_note="""
The revolving credit facility is secured by inventory and receivables and allows borrowings up to a percentage of
their appraised value. The term loan is secured by four store buildings and by trademarks and is repaid in quarterly
installments. Both agreements require a minimum of excess availability and limit capital expenditure, dividends and
the repurchase of common stock.
""",
    commitments="""
The Company leases nearly all of its stores. It is liable for rent on nine stores that it has closed. Purchase
orders for merchandise can be cancelled until the fabric is cut, which is about four months before delivery.
""",
    outlook="""
Traffic in enclosed malls fell again, and we sold more merchandise at reduced prices to keep inventory moving. Cost
of sales includes occupancy, which is largely fixed, so that gross margin falls faster than sales.
""",
)
