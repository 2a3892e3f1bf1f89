"""Corvane Robotics: a maker of robotic cells that was weak, put its books in order and recovered."""

from samples.narrative.profile import Profile, Risk

PROFILE = Profile(
    business="""
# Our company

Corvane builds robotic cells that load, deburr and inspect machined parts. A cell consists of one or two robot arms
that we buy, a gripper and a vision system that we make, and software that plans the motions. Our customers are job
shops and suppliers of the aerospace, pump and farm machinery industries that cannot find enough machinists for the
night shift.

# Cells

We offer five standard cells and adapt them to the customer’s parts. A cell sells for $180,000 to $900,000. Most
contracts provide that the customer accepts the cell after it has run the customer’s parts for a number of hours.
The time from order to acceptance is four to seven months.

# Software and service

Each cell runs our motion planner, which customers subscribe to after the first year. Subscriptions and service have
grown faster than cells and carry a higher margin. At the end of the year 1,940 cells were under subscription.

# Joint venture

We own 75 percent of a company in Ulm, Germany, that sells and services our cells in central Europe. We consolidate
it; the share of the other owner is shown as noncontrolling interest.

# Supply

We buy robot arms from two manufacturers. Either could supply all of our needs within about nine months. Cameras and
controllers were scarce in fiscal 2021 and 2022 and are readily available now.

# Customers

Our ten largest customers account for about 31 percent of revenue; none of them exceeds one tenth. Financing is
often arranged by lessors who know our equipment.

# Employees

We employed 940 people at the end of the fiscal year, 260 of them in engineering. Our fiscal year is the 52 or 53
weeks that end on the last Saturday of September.
""",
    risks=(
        Risk(
            "We have had losses and may have losses again.",
            """We lost money in fiscal 2021 and 2022. Our results depend on the number of cells accepted in a period
            and on keeping the cost of adaptation below what we estimated when we quoted the price. A few contracts
            that go wrong can turn a profit into a loss.""",
        ),
        Risk(
            "Customers accept cells later than we plan.",
            """Revenue on most cells is recognized when the customer accepts the installation. Acceptance depends on
            the customer’s parts, fixtures and staff, over which we have no control. A delay of a few weeks can move
            revenue from one quarter to the next.""",
        ),
        Risk(
            "We buy robot arms from two manufacturers who also compete with us.",
            """Both manufacturers of the arms that we use offer cells of their own through integrators. They could
            raise prices, lengthen delivery times or favor their integrators. A change to another arm requires
            changes in our motion planner.""",
        ),
        Risk(
            "The markets that we serve are cyclical.",
            """Job shops buy equipment when they are busy. Orders from pump and farm machinery suppliers have fallen
            by a third or more in past downturns. Subscriptions soften the effect but do not remove it.""",
        ),
        Risk(
            "We may need more capital than we have.",
            """Building a cell ties up cash for months before the customer pays. Growth therefore needs cash. We may
            be unable to raise it when we need it, or only on terms that dilute our stockholders.""",
        ),
        Risk(
            "An accident with one of our cells could harm us.",
            """A robot can injure a person who enters the cell while it runs. We build to the relevant safety
            standards, but customers change guards and interlocks. Claims could exceed our insurance and could make
            customers choose another supplier.""",
        ),
        Risk(
            "Our software could contain errors or be attacked.",
            """Our motion planner is connected to the customer’s network and to ours. An error could damage a
            customer’s machine tool. An intruder who gained access through our connection could stop production at
            many customers at once.""",
        ),
        Risk(
            "Failing to keep effective internal control could hurt the price of our stock.",
            """We must report every year on our internal control over financial reporting. Contracts with customer
            acceptance require judgment and information from the field. If controls over them did not work, we could
            have to correct results that we have published.""",
        ),
    ),
    properties="""
We lease a plant and offices of 310,000 square feet in Rochester, Minnesota, until 2033, and an office and workshop
of 45,000 square feet in Ulm, Germany. We believe that they are adequate.
""",
    legal="""
From time to time we are involved in disputes over the performance of a cell or the ownership of an invention. We
are not now a party to any proceeding that we believe would have a material adverse effect on our business. See also
the note on commitments in [[item_8|Item 8]].
""",
    market_risk="""
Our convertible notes bore a fixed rate of interest. Revenue of our joint venture is in euros; a change of 10
percent in the rate of the euro would have changed our operating income by less than $0.6 million.
""",
    revenue_policy="""
Revenue from robotic cells is recognized when the customer accepts the installation. Deposits are recorded as
contract liabilities. Subscriptions are recognized ratably. When the Company arranges for a component that another
party provides and controls, it records the net amount that it retains as an agent.
""",
    debt_note="""
The credit agreement with two banks consisted of a revolving line and a term loan, both secured by substantially all
assets, and was repaid in the first quarter of fiscal 2023 with the proceeds of convertible senior notes and of
common stock. The notes were convertible at $14.10 per share and could be repaid at any time.
""",
    commitments="""
The Company leases its plant. It warrants cells for one year and accrues the expected cost when it recognizes
revenue. It has commitments to buy robot arms of about one quarter’s needs.
""",
    outlook="""
Orders for cells followed the order books of job shops. The mix moved toward subscriptions and service, which carry
a higher margin than cells, and the cost of adapting cells to customers’ parts changed with the number of first-time
installations.
""",
)
