{#-
    Tables that the package `purchase_model` writes its fits to. They are made before anything is built, so
    that the marts over them can be built before the first fit. No build takes a fit away.
-#}
{% macro create_purchase_model_tables() -%}
    {%- set is_cluster = target.name == "cluster" -%}
    {%- set engine = "ReplicatedMergeTree" if is_cluster else "MergeTree" -%}
    {%- set on_cluster = "on cluster " ~ target.cluster if is_cluster else "" -%}

    {%- set models -%}
        create table if not exists raw.purchase_models {{ on_cluster }} (
            fitted_at DateTime64(3, 'UTC'),
            fitted_till Date,
            valid_till Date,
            brand LowCardinality(String),
            buyers UInt64,
            most_repeats UInt16,
            longest_age UInt16,
            why_no_model LowCardinality(String),
            bg_nbd_r Nullable(Float64),
            bg_nbd_alpha Nullable(Float64),
            bg_nbd_a Nullable(Float64),
            bg_nbd_b Nullable(Float64),
            gamma_gamma_p Nullable(Float64),
            gamma_gamma_q Nullable(Float64),
            gamma_gamma_gamma Nullable(Float64),
            test_error Nullable(Float64)
        )
        engine = {{ engine }}
        order by (fitted_at, brand)
    {%- endset -%}

    {#- A fit is a partition, so that one that nobody needs is dropped at once. -#}
    {%- set expected_orders -%}
        create table if not exists raw.expected_orders {{ on_cluster }} (
            fitted_at DateTime64(3, 'UTC'),
            brand LowCardinality(String),
            repeats UInt16,
            age_days UInt16,
            orders_if_alive Float64
        )
        engine = {{ engine }}
        partition by toUnixTimestamp64Milli(fitted_at)
        order by (fitted_at, brand, repeats, age_days)
    {%- endset -%}

    {%- if execute -%}
        {%- do run_query("create database if not exists raw " ~ on_cluster) -%}
        {%- do run_query(models) -%}
        {%- do run_query(expected_orders) -%}
    {%- endif -%}
{%- endmacro %}
