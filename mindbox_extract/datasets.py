"""The datasets: what is copied, under which rules, and which fields are allowed to be read.

A field that is not listed here is never decoded. Names, addresses, phones and free texts are not
listed, or are listed with a value that reduces them (see `values`). Where each path comes from is
written in `BEHAVIOR.md`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from .own_names import (
    PRODUCT_COST_COLUMN,
    PRODUCT_ID_COLUMN,
    PRODUCT_ID_SYSTEM,
    SURVEY_SCORE_FIELD,
)
from .spec import (
    DatasetSpec,
    Field,
    Filter,
    Format,
    Kind,
    ListField,
    Protocol,
    SegmentationColumn,
    WindowColumn,
)
from .values import (
    AGE_BAND,
    AMOUNT,
    CATEGORY,
    CUSTOMER_KEY,
    DATE,
    EMAIL_DOMAIN_GROUP,
    FLAG,
    LINK,
    PRESENCE,
    SEX,
    SURE_AMOUNT,
    TEXT,
    TEXTS,
    TIMESTAMP,
    UTM,
    link_utm,
    maybe_count,
    maybe_whole_number,
    whole_number,
)

# What a promotion of the loyalty programme did to an order or to one of its lines.
_APPLIED_PROMOTIONS = ListField(
    "promotions",
    "appliedPromotions",
    (
        Field("type", "type", TEXT),
        Field(
            "promotion_id",
            "promotion.ids.externalId",
            TEXT,
            fallbacks=("promotion.ids.mindboxId",),
        ),
        Field("promotion_name", "promotion.name", TEXT),
        Field("amount", "amount", SURE_AMOUNT),
        Field("coupon_code", "coupon.ids.code", TEXT),
        Field("coupon_pool", "coupon.pool.ids.externalId", TEXT),
    ),
)

_CUSTOMERS = DatasetSpec(
    name="customers",
    description="Customers as they were at each change: coarse attributes and subscriptions.",
    kind=Kind.ENTITY,
    protocol=Protocol.EXPORT,
    root="customers",
    key=("customer_key",),
    version="changed_at",
    fields=(
        Field("customer_key", "ids.mindboxId", CUSTOMER_KEY, required=True),
        Field("changed_at", "changeDateTimeUtc", TIMESTAMP, required=True),
        Field("sex", "sex", SEX),
        Field("age_band", "birthDate", AGE_BAND),
        Field("region", "area.name", CATEGORY),
        Field("customer_timezone", "ianaTimeZone", CATEGORY),
        Field("email_domain_group", "email", EMAIL_DOMAIN_GROUP),
        Field("has_email", "email", PRESENCE),
        Field("has_phone", "mobilePhone", PRESENCE),
        Field("is_email_invalid", "isEmailInvalid", FLAG),
        Field("is_phone_invalid", "isMobilePhoneInvalid", FLAG),
        ListField(
            "subscriptions",
            "subscriptions",
            (
                Field("brand", "brand", TEXT),
                Field("channel", "pointOfContact", TEXT),
                Field("topic", "topic", TEXT),
                Field("is_subscribed", "isSubscribed", FLAG, required=True),
            ),
        ),
        ListField(
            "balances",
            "balances",
            (
                Field("balance", "balanceType.ids.systemName", TEXT, required=True),
                Field("total", "total", SURE_AMOUNT, required=True),
                Field("available", "available", SURE_AMOUNT),
                Field("blocked", "blocked", SURE_AMOUNT),
            ),
        ),
        ListField(
            "segmentations",
            "segmentations",
            (
                Field("segmentation", "ids.externalId", TEXT, required=True),
                Field("segmentation_name", "name", TEXT),
                Field("segment", "segment.ids.externalId", TEXT),
                Field("segment_name", "segment.name", TEXT),
            ),
        ),
    ),
)

_MAILINGS = DatasetSpec(
    name="mailings",
    description="Mailings as they were at each change: name, channel, type, folder and tags.",
    kind=Kind.ENTITY,
    protocol=Protocol.EXPORT,
    root="mailings",
    key=("mailing_id",),
    version="changed_at",
    fields=(
        Field("mailing_id", "ids.id", TEXT, required=True),
        Field("name", "name", TEXT),
        Field("system_name", "ids.systemName", TEXT),
        Field("utm_name", "mailingUtmName", UTM),
        Field("type", "type", CATEGORY),
        Field("channel", "channel", CATEGORY),
        Field("created_at", "creationDateTimeUtc", TIMESTAMP),
        # "Created or changed": a mailing that was never changed has only the first of the two.
        Field(
            "changed_at",
            "lastChangedDateTimeUtc",
            TIMESTAMP,
            required=True,
            fallbacks=("creationDateTimeUtc",),
        ),
        Field("topic", "subscriptionTopic", CATEGORY),
        Field("folder", "folder", CATEGORY),
        Field("brand", "brand", CATEGORY),
        Field("utm_source", "utm.utmSource", UTM),
        Field("utm_medium", "utm.utmMedium", UTM),
        Field("utm_campaign", "utm.utmCampaign", UTM),
        Field("utm_content", "utm.utmContent", UTM),
        Field("tags", "tags", TEXTS),
    ),
)

_MESSAGE_STATUSES = DatasetSpec(
    name="message_statuses",
    description="Every status that a message to a customer went through.",
    kind=Kind.EVENT,
    protocol=Protocol.EXPORT,
    root="customerMessageStatuses",
    key=("status_id",),
    event_time="status_at",
    partition=("toDate(status_at)",),
    fields=(
        Field("status_id", "ids.id", TEXT, required=True),
        Field("status", "mailingStatus.ids.systemName", CATEGORY, required=True),
        Field("status_at", "dateTimeUtc", TIMESTAMP, required=True),
        Field("message_id", "customerMessage.ids.id", TEXT, required=True),
        Field("message_at", "customerMessage.dateTimeUtc", TIMESTAMP, required=True),
        Field("customer_key", "customer.ids.mindboxId", CUSTOMER_KEY),
        Field("mailing_id", "mailing.ids.id", TEXT, required=True),
        Field("variant_num", "mailing.variantNum", whole_number("UInt8", absent=1)),
        Field("channel", "mailing.channel.ids.systemName", CATEGORY),
        Field("brand", "mailing.brand.ids.systemName", CATEGORY),
        Field("link", "mailing.link", LINK),
        Field("utm_source", "mailing.link", link_utm("utm_source")),
        Field("utm_medium", "mailing.link", link_utm("utm_medium")),
        Field("utm_campaign", "mailing.link", link_utm("utm_campaign")),
        Field("utm_content", "mailing.link", link_utm("utm_content")),
        Field("utm_term", "mailing.link", link_utm("utm_term")),
        Field("not_sent_reason", "mailing.notSentReason", CATEGORY),
        Field("not_delivered_reason", "mailing.notDeliveredReason", CATEGORY),
        Field("source_type", "mailingSource.entityType", CATEGORY),
        Field("source_id", "mailingSource.entityId", TEXT),
        Field("source_name", "mailingSource.entityName", CATEGORY),
    ),
)

_ORDERS = DatasetSpec(
    name="orders",
    description="Orders with their lines as they were when a window that touched them was read.",
    kind=Kind.ENTITY,
    protocol=Protocol.EXPORT,
    root="orders",
    key=("order_id",),
    fields=(
        Field("order_id", "ids.mindboxId", TEXT, required=True),
        Field("ordered_at", "firstAction.dateTimeUtc", TIMESTAMP, required=True),
        Field("customer_key", "customer.ids.mindboxId", CUSTOMER_KEY),
        Field("brand", "firstAction.brand.ids.systemName", CATEGORY),
        Field(
            "channel_id",
            "firstAction.channel.ids.externalId",
            CATEGORY,
            fallbacks=("firstAction.channel.ids.mindboxId",),
        ),
        Field("channel_name", "firstAction.channel.name", CATEGORY),
        Field("region", "area.name", CATEGORY),
        Field("total_price", "totalPrice", AMOUNT),
        Field("delivery_cost", "deliveryCost", AMOUNT),
        ListField(
            "lines",
            "lines",
            (
                Field("line_id", "id", TEXT),
                Field("line_number", "number", whole_number("UInt32")),
                Field("product_id", f"product.ids.{PRODUCT_ID_SYSTEM}", TEXT),
                Field("product_name", "product.name", TEXT),
                Field("quantity", "quantity", SURE_AMOUNT, required=True),
                Field("base_price", "basePricePerItem", SURE_AMOUNT),
                Field("line_amount", "priceOfLine", SURE_AMOUNT, required=True),
                Field("status", "status.ids.externalId", TEXT),
                _APPLIED_PROMOTIONS,
            ),
        ),
        ListField(
            "attributed_campaigns",
            "attributedCampaigns",
            (
                Field("mailing_id", "ids.id", TEXT, required=True),
                Field("campaign_type", "type", TEXT),
                Field("action_type", "actionType", TEXT),
            ),
        ),
        _APPLIED_PROMOTIONS,
        ListField(
            "points",
            "bonusPointsInfoPerBalanceType",
            (
                Field("balance", "balanceType.ids.systemName", TEXT, required=True),
                Field("spent", "spentAmount", SURE_AMOUNT),
                Field("earned", "earnedAmount", SURE_AMOUNT),
            ),
        ),
        ListField(
            "payments",
            "payments",
            (
                Field("type", "type", TEXT),
                Field("amount", "amount", SURE_AMOUNT, required=True),
            ),
        ),
    ),
)

_CUSTOMER_ACTIONS = DatasetSpec(
    name="customer_actions",
    description="What customers did outside of messages: visits, carts, subscriptions, points.",
    kind=Kind.EVENT,
    protocol=Protocol.EXPORT,
    root="customerActions",
    key=("action_id",),
    # An action may reach Mindbox weeks after it happened; the filter looks at its arrival.
    event_time="created_at",
    partition=("toDate(created_at)",),
    fields=(
        Field("action_id", "ids.mindboxId", TEXT, required=True),
        Field("template", "actionTemplate.ids.systemName", CATEGORY, required=True),
        Field("happened_at", "dateTimeUtc", TIMESTAMP, required=True),
        Field("created_at", "creationDateTimeUtc", TIMESTAMP, required=True),
        Field("brand", "brand.ids.systemName", CATEGORY),
        # A point of contact has an external id, the source class of a visit a system name.
        Field(
            "channel",
            "channel.ids.externalId",
            CATEGORY,
            fallbacks=("channel.ids.systemName", "channel.ids.mindboxId"),
        ),
        Field("channel_name", "channel.name", CATEGORY),
        Field("utm_source", "channel.utmSource", UTM),
        Field("utm_medium", "channel.utmMedium", UTM),
        Field("utm_campaign", "channel.utmCampaign", UTM),
        Field("utm_content", "channel.utmContent", UTM),
        Field("utm_term", "channel.utmTerm", UTM),
        Field("customer_key", "customer.ids.mindboxId", CUSTOMER_KEY),
        Field("order_id", "order.ids.mindboxId", TEXT),
        Field("product_price", "productView.price", AMOUNT),
        ListField(
            "products",
            "products",
            (
                Field("product_id", f"ids.{PRODUCT_ID_SYSTEM}", TEXT),
                Field("quantity", "count", AMOUNT),
                Field("price", "price", AMOUNT),
            ),
        ),
        ListField(
            "categories",
            "productCategories",
            (Field("category_id", f"ids.{PRODUCT_ID_SYSTEM}", TEXT),),
        ),
        ListField(
            "balance_changes",
            "customerBalanceChanges",
            (
                Field("balance", "balanceType.ids.systemName", TEXT),
                Field("kind", "balanceChangeKind", TEXT),
                Field("amount", "changeAmount", SURE_AMOUNT, required=True),
                Field("available_from", "availableFromDateTimeUtc", TIMESTAMP),
                Field("expires_at", "expirationDateTimeUtc", TIMESTAMP),
            ),
        ),
        Field("survey_score", f"customFields.{SURVEY_SCORE_FIELD}", maybe_whole_number("UInt8")),
    ),
)

_PRODUCTS = DatasetSpec(
    name="products",
    description="Products as they were at each change: brand, category, prices, cost.",
    kind=Kind.ENTITY,
    protocol=Protocol.EXPORT,
    root="",
    format=Format.CSV,
    key=("product_id",),
    version="changed_at",
    fields=(
        Field("product_id", f"ProductIds{PRODUCT_ID_COLUMN}", TEXT, required=True),
        Field("name", "ProductName", TEXT),
        Field("vendor", "ProductVendorName", CATEGORY),
        Field("brand", "ProductBrandSystemName", CATEGORY),
        Field("category_id", f"ProductCategoryIds{PRODUCT_ID_COLUMN}", CATEGORY),
        Field("category_name", "ProductCategoryName", CATEGORY),
        Field("category_path", "ProductCategoryPath", TEXT),
        Field("price", "ProductPrice", AMOUNT),
        Field("old_price", "ProductOldPrice", AMOUNT),
        Field("cost", f"ProductCustomFields{PRODUCT_COST_COLUMN}", AMOUNT),
        Field("is_available", "ProductIsAvailable", FLAG),
        Field("created_at", "ProductCreationDateTimeUtc", TIMESTAMP),
        Field(
            "changed_at",
            "ProductChangeDateTimeUtc",
            TIMESTAMP,
            required=True,
            fallbacks=("ProductCreationDateTimeUtc",),
        ),
    ),
)

_PROMOTIONS = DatasetSpec(
    name="promotions",
    description="Promotions as they were at each load that found them changed.",
    kind=Kind.ENTITY,
    protocol=Protocol.EXPORT,
    root="promotions",
    filter=Filter.UTC_SINCE,
    key=("promotion_id",),
    fields=(
        Field("promotion_id", "ids.externalId", TEXT, required=True),
        Field("name", "name", TEXT),
        Field("state", "state", CATEGORY),
        Field("starts_at", "startDateTimeUtc", TIMESTAMP),
        Field("ends_at", "endDateTimeUtc", TIMESTAMP),
    ),
)

_SEGMENT_CHANGES = DatasetSpec(
    name="segment_changes",
    description="Where customers were in a segmentation at each load that found them moved.",
    kind=Kind.ENTITY,
    protocol=Protocol.EXPORT,
    root="customerSegments",
    filter=Filter.UTC_SINCE,
    segmentation=SegmentationColumn("segmentation"),
    key=("segmentation", "customer_key"),
    fields=(
        Field("customer_key", "customer.ids.mindboxId", CUSTOMER_KEY, required=True),
        Field("is_in", "inSegmentation", FLAG, required=True),
        Field("segment", "segment.ids.externalId", CATEGORY),
    ),
)

_CUSTOMER_MERGES = DatasetSpec(
    name="customer_merges",
    description="Which customer was merged into which, one row per merged customer.",
    kind=Kind.EVENT,
    protocol=Protocol.PAGED,
    root="customerMerges",
    key=("merged_customer_key", "resulting_customer_key"),
    partition=("merged_on",),
    unnest="mergedCustomers",
    # The answer does not say when a merge was executed; a request of one day does.
    request_days=1,
    window_columns=(WindowColumn("merged_on", "first"),),
    fields=(
        Field("merged_customer_key", "mergedCustomers.ids.mindboxId", CUSTOMER_KEY, required=True),
        Field(
            "resulting_customer_key",
            "resultingCustomer.ids.mindboxId",
            CUSTOMER_KEY,
            required=True,
        ),
        Field("changed_at", "resultingCustomer.changeDateTimeUtc", TIMESTAMP),
    ),
)

# Both reports count the same things: the summary over a month, the dynamics day by day.
_REPORT_MAILING = (
    Field("mailing_id", "ReportMailingId", TEXT, required=True),
    Field("variant_num", "ReportMailingVariantNum", whole_number("UInt8", absent=1)),
    Field("mailing_name", "ReportMessageName", TEXT),
    Field("channel", "ReportChannel", CATEGORY),
    Field("messages_total", "ReportMessagesTotal", maybe_count()),
    Field("sent", "ReportSent", maybe_count()),
    Field("delivered", "ReportDelivered", maybe_count()),
    Field("opened", "ReportOpened", maybe_count()),
    Field("clicked", "ReportClicked", maybe_count()),
    Field("unsubscribed", "ReportUnsubscribed", maybe_count()),
    Field("spam", "ReportSpam", maybe_count()),
    Field("bounced", "ReportBounced", maybe_count()),
    Field("conversions", "ReportConversions", maybe_count()),
    Field("conversion_revenue", "ReportConversionsRevenue", AMOUNT),
)
_REPORT_DAYS = (
    WindowColumn("taken_on", "taken"),
    WindowColumn("period_start", "first"),
    WindowColumn("period_end", "last"),
)

_MAILING_REPORT_SUMMARY = DatasetSpec(
    name="mailing_report_summary",
    description="Mindbox's own summary report of mailings, by calendar month, as of a day.",
    kind=Kind.SNAPSHOT,
    protocol=Protocol.EXPORT,
    root="",
    format=Format.CSV,
    filter=Filter.LOCAL_DATES,
    key=("taken_on", "period_start", "mailing_id", "variant_num"),
    partition=("taken_on", "period_start"),
    window_columns=_REPORT_DAYS,
    fields=(
        *_REPORT_MAILING,
        Field("subject", "ReportSubject", TEXT),
        Field("folder", "ReportFolder", CATEGORY),
        Field("brand", "ReportBrand", CATEGORY),
    ),
)

_MAILING_REPORT_DYNAMICS = DatasetSpec(
    name="mailing_report_dynamics",
    description="Mindbox's own report of mailings by local day, as of a day.",
    kind=Kind.SNAPSHOT,
    protocol=Protocol.EXPORT,
    root="",
    format=Format.CSV,
    filter=Filter.LOCAL_DATES,
    key=("taken_on", "report_date", "mailing_id", "variant_num"),
    partition=("taken_on", "period_start"),
    window_columns=_REPORT_DAYS,
    fields=(
        Field("report_date", "ReportDate", DATE, required=True),
        *_REPORT_MAILING,
        Field("orders", "ReportOrders", maybe_count()),
        Field("revenue", "ReportRevenue", AMOUNT),
    ),
)

DATASETS: Mapping[str, DatasetSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            _CUSTOMERS,
            _MAILINGS,
            _MESSAGE_STATUSES,
            _ORDERS,
            _CUSTOMER_ACTIONS,
            _PRODUCTS,
            _PROMOTIONS,
            _SEGMENT_CHANGES,
            _CUSTOMER_MERGES,
            _MAILING_REPORT_SUMMARY,
            _MAILING_REPORT_DYNAMICS,
        )
    }
)
