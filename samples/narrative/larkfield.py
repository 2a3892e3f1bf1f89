"""Larkfield Instruments: a grown maker of laboratory instruments that earns more each year."""

from samples.narrative.profile import Profile, Risk

PROFILE = Profile(
    business="""
# Overview

Larkfield designs, makes and services instruments that measure what is in a liquid, a gas or a powder. Our
spectrometers, titrators and particle counters are used in the quality laboratories of food processors,
drinking-water utilities, generic drug makers and universities. We were founded in Westbrook, Maine, and have made
instruments there ever since. For a discussion of what could go wrong with our business, see [[item_1A|Item 1A,
“Risk Factors”]].

# Products and services

Our instruments range from bench-top titrators that sell for a few thousand dollars to spectrometer lines whose
installation takes several weeks. An instrument remains in use for nine years on average, and during that time its
owner buys reagents, columns, lamps and calibration standards from us. We call these products consumables. Service
contracts cover preventive maintenance, repair and the yearly requalification that regulated laboratories must
document.

During the year we introduced a particle counter that reports results over the laboratory’s own network and a
reagent line with less solvent. Neither product accounted for more than five percent of revenue.

# Customers and distribution

We sell through our own field force in North America and western Europe and through distributors elsewhere. Our
customers number more than eleven thousand, and no single customer accounted for 10% or more of our revenue in any
of the years presented. Orders are generally shipped within six weeks, so that our backlog is not a reliable
indicator of revenue in later periods.

# Manufacturing and supply

We assemble instruments in Westbrook and in Cork, Ireland. Most parts are available from several suppliers. Some
detectors and gratings come from a single source, and qualifying another would take up to a year; we hold about
eight months of stock of these parts.

# Competition

We compete with larger companies that offer complete laboratories and with small firms that make one kind of
instrument very well. The principal factors are accuracy, the cost of ownership over the life of the instrument, the
speed of service, and the effort that it takes a customer to validate a new method.

# Research and development

Our research staff of about 640 people works on detectors, on the chemistry of reagents and on software. We own or
license 412 patents, which expire between next year and 2041. We do not consider any single patent material.

# Human capital

At year end we employed approximately 5,900 people, of whom 3,700 worked in the United States. None of our employees
in the United States is represented by a union. Voluntary turnover was 7 percent. We train service engineers in our
own school, where the first course takes eleven weeks.

# Available information

We file annual, quarterly and current reports with the Securities and Exchange Commission. The Commission maintains
a website that contains these reports. We also make them available free of charge through our own website, which is
not part of this report.
""",
    risks=(
        Risk(
            "Our customers may spend less on instruments than we expect.",
            """Demand for instruments depends on the capital budgets of our customers, which respond to interest
            rates, to public funding for research and to the profits of food and drug makers. A customer that
            postpones an instrument by a year also buys the consumables for it a year later. In past downturns
            orders for spectrometers fell by as much as a quarter within two quarters, while our costs, which
            consist largely of salaries, fell much more slowly.""",
        ),
        Risk(
            "Some of our parts come from a single source.",
            """If the maker of one of our detectors or gratings were to stop supplying it, we might be unable to
            build the instruments concerned for as long as a year. We hold stock against this risk, but stock can
            become obsolete when a design changes, and a supplier’s process can drift in ways that are noticed only
            after the stock has been used.""",
        ),
        Risk(
            "Changes in regulation could reduce the demand for our products.",
            """Part of our revenue comes from tests that regulations require. If an authority were to accept a
            simpler method, or to lengthen the interval between tests, laboratories would need fewer instruments and
            fewer reagents. We take part in the committees that write test methods, but we do not control what they
            decide.""",
        ),
        Risk(
            "We are exposed to exchange rates.",
            """About 44 percent of our revenue is earned in currencies other than the US dollar, mainly the euro and
            the pound sterling. A stronger dollar reduces the revenue and the earnings that we report, and it makes
            our instruments dearer than those of competitors who manufacture abroad. See also [[item_7A|Item 7A]]
            for an estimate of the effect.""",
        ),
        Risk(
            "An acquired business may not do what we paid for.",
            """Goodwill from past acquisitions makes up a large part of our assets. We test it for impairment every
            year. If the cash flows of a reporting unit were to fall short of our forecasts, we could have to write
            off a part of this amount, which would reduce our earnings in the period of the write-off.""",
        ),
        Risk(
            "A failure of our information systems could interrupt our business.",
            """We depend on information systems to take orders, to run our plants and to serve instruments remotely.
            An intruder could obtain data that our customers consider secret, or could make instruments report wrong
            results. We have not been affected materially by such an event so far, but we may be in the future, and
            our insurance may not cover the loss.""",
        ),
        Risk(
            "We may be unable to protect our inventions.",
            """Competitors may design around our patents or challenge them. Defending a patent takes years and a
            part of management’s attention. In some of the countries in which we sell, injunctions are difficult to
            obtain.""",
        ),
        Risk(
            "Holders of our Class B common stock control the election of directors.",
            """Each share of Class B common stock has ten votes per share, and each share of Class A common stock
            has one. As a result the family of our founder elects a majority of the directors although it owns less
            than a tenth of our equity. This may discourage an offer for the company that other stockholders would
            welcome.""",
        ),
    ),
    properties="""
We own our headquarters and main plant in Westbrook, Maine, of 610,000 square feet, and a plant of 240,000 square
feet in Cork, Ireland. We lease 31 sales and service offices. We consider these facilities suitable and adequate for
our present needs.
""",
    legal="""
We are party to legal proceedings that arise in the ordinary course of business, among them claims over product
warranty and employment. We do not believe that the outcome of any of these matters will have a material effect on
our financial position, results of operations or cash flows.
""",
    market_risk="""
We hold cash in several currencies and do not use derivatives for speculation. If the US dollar had been 10 percent
stronger throughout the year, our operating income would have been lower by approximately 4 percent. Our notes bear
interest at fixed rates, so that a change in market rates does not change our interest expense.
""",
    revenue_policy="""
The Company recognizes revenue from instruments and consumables when control passes to the customer, which is
generally on shipment. Revenue from installation is recognized when the installation is complete. Revenue from
service contracts is recognized ratably over the term of the contract, which is usually one year. Payment is
generally due within 45 days.
""",
    debt_note="""
The Company’s senior notes bear interest at fixed rates and are repaid in equal annual installments each December.
The indenture limits liens and sale-leaseback transactions. The Company was in compliance with all of its terms at
each balance sheet date. The fair value of the notes, based on quoted prices for similar debt, approximates their
carrying amount.
""",
    commitments="""
The Company leases offices and vehicles. It has agreed to buy detectors from one supplier for two further years; the
amounts are not material. Product warranty is accrued when revenue is recognized, based on the cost of past repairs.
""",
    outlook="""
Demand from drinking-water utilities and drug makers was strong throughout the period, and consumables grew with the
number of instruments in use. Prices rose by about two percent. Costs of freight and of electronic parts, which had
weighed on margins before, declined.
""",
)
