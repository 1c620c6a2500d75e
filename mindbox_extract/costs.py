"""What a client loses when a field never comes; `doctor` says it, the administrator's page too.

By dataset and path of `datasets` (of a list: the list's path). A path that is not here leaves its
column empty and nothing else.
"""

from collections.abc import Mapping
from types import MappingProxyType

COSTS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("customers", "sex"): "no slice by sex",
        ("customers", "birthDate"): "no slice by age",
        ("customers", "area.name"): "no slice by region",
        (
            "customers",
            "email",
        ): "no share of customers with an e-mail, no slice by mailbox provider",
        ("customers", "mobilePhone"): "no share of customers with a phone",
        ("customers", "subscriptions"): "no state of the subscribers' base",
        ("customers", "balances"): "points on accounts are known from actions only",
        ("customers", "segmentations"): "no names of segments",
        ("mailings", "type"): "mass, trigger and transactional mailings are not told apart, and "
        "transactional ones are credited with orders",
        ("mailings", "channel"): "no slice of mailings by channel",
        ("mailings", "folder"): "no slice by folder",
        ("mailings", "tags"): "no slice by tag",
        ("mailings", "utm.utmCampaign"): "visits that a mailing brought are told by time only",
        ("message_statuses", "customer.ids.mindboxId"): "every status is anonymous: no reach by "
        "customer, no attribution, no control groups",
        ("message_statuses", "mailing.brand.ids.systemName"): "no attribution by brand",
        ("message_statuses", "mailing.link"): "no clicks by link",
        ("message_statuses", "mailing.notSentReason"): "members of control groups cannot be told",
        ("message_statuses", "mailing.notDeliveredReason"): "no bounces",
        ("orders", "customer.ids.mindboxId"): "every order is anonymous: no customers' metrics, no "
        "attribution",
        (
            "orders",
            "firstAction.brand.ids.systemName",
        ): "no attribution by brand, no slice by brand",
        ("orders", "firstAction.channel.ids.externalId"): "no slice by point of contact",
        ("orders", "totalPrice"): "no revenue",
        ("orders", "lines"): "no goal, no products: nothing can be counted of orders",
        ("orders", "lines.status.ids.externalId"): "no order reaches the goal",
        ("orders", "attributedCampaigns"): "attribution cannot be compared with Mindbox's own",
        ("orders", "appliedPromotions"): "no promotions and coupons of whole orders",
        ("orders", "lines.appliedPromotions"): "no promotions and coupons of lines",
        ("orders", "bonusPointsInfoPerBalanceType"): "points of orders are known from actions only",
        ("orders", "payments"): "no slice by way of payment",
        ("customer_actions", "customer.ids.mindboxId"): "every action is anonymous: no funnel, and "
        "visits take no order from a mailing",
        ("customer_actions", "brand.ids.systemName"): "visits take no order from a mailing",
        (
            "customer_actions",
            "channel.ids.externalId",
        ): "no sources of visits, no points of contact",
        ("customer_actions", "channel.utmCampaign"): "visits that a mailing brought are told by "
        "time only",
        ("customer_actions", "products"): "no views and carts by product",
        ("customer_actions", "productCategories"): "no views by category",
        ("customer_actions", "customerBalanceChanges"): "no points accrued, spent and expired",
        ("products", "ProductCategoryPath"): "no slice by category",
        ("products", "ProductVendorName"): "no slice by vendor",
        ("products", "ProductPrice"): "no price of what was viewed",
        ("promotions", "state"): "running promotions are not told from archived ones",
        ("promotions", "startDateTimeUtc"): "promotions have no period",
        ("segment_changes", "segment.ids.externalId"): "who is where in a segmentation is unknown",
        ("mailing_report_summary", "ReportSent"): "our figures cannot be compared with Mindbox's",
        ("mailing_report_summary", "ReportSpam"): "no complaints: they are in the report only",
        ("mailing_report_summary", "ReportConversions"): "attribution cannot be compared",
        ("mailing_report_dynamics", "ReportRevenue"): "no income by day to compare with",
        ("mailing_report_dynamics", "ReportSpam"): "no complaints by day",
    }
)

# Fields that a week of a healthy project may well not have.
RARE = frozenset(
    {
        ("customers", "isEmailInvalid"),
        ("customers", "isMobilePhoneInvalid"),
        ("message_statuses", "mailing.notSentReason"),
        ("message_statuses", "mailing.notDeliveredReason"),
        ("message_statuses", "mailing.variantNum"),
        ("orders", "deliveryCost"),
        ("orders", "attributedCampaigns"),
        ("orders", "appliedPromotions"),
        ("orders", "lines.appliedPromotions"),
        ("orders", "bonusPointsInfoPerBalanceType"),
        ("customer_actions", "customerBalanceChanges"),
        ("customer_actions", "order.ids.mindboxId"),
        ("products", "ProductOldPrice"),
        ("promotions", "endDateTimeUtc"),
    }
)
