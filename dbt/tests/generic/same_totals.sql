{#-
    Sums over the model equal sums over another relation, group by group: fails for every group in
    which they differ. A group that only one side has must have nothing to add up.

    `group` and `totals` name expressions, first over the model, then over the other relation.
-#}
{% test same_totals(model, other, group, totals) %}
    select grouped_by
    from
        (
            select
                toString({{ group[0] }}) as grouped_by,
                1 as side,
                [
                    {% for pair in totals %}
                        toInt64({{ pair[0] }}){{ ", " if not loop.last }}
                    {% endfor %}
                ] as sums
            from {{ model }}
            group by grouped_by
            union all
            select
                toString({{ group[1] }}) as grouped_by,
                2 as side,
                [
                    {% for pair in totals %}
                        toInt64({{ pair[1] }}){{ ", " if not loop.last }}
                    {% endfor %}
                ] as sums
            from {{ other }}
            group by grouped_by
        )
    group by grouped_by
    having
        if(
            count() = 1,
            arrayExists(total -> total != 0, any(sums)),
            uniqExact(sums) != 1
        )
{% endtest %}
