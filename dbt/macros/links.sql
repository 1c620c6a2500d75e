{#-
    A link as people know it: without scheme, «www.» and a trailing slash, so that spellings of one page
    are one link. Query and fragment never get past the extractor.
-#}
{% macro normalized_link(link) -%}
    trim(trailing '/' from replaceRegexpOne({{ link }}, '^[a-z]+://(www\\.)?', ''))
{%- endmacro %}

{#- Mindbox does not count a click on the way out as a click; where its status comes all the same, neither do we. -#}
{% macro is_unsubscribe_link(link) -%}
    match({{ link }}, '(?i)(unsubscri|otpis)')
{%- endmacro %}
