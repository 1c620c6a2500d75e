"""What the slices of orders promise beside the marts that they come from."""

from tests.metrics.chain import Chain


def test_orders_of_an_experiments_group_are_its_outcome(chain: Chain) -> None:
    """Cut by experiment and group, orders come to what its participants bought."""
    groups, agreeing, orders = chain.client.query(
        """
        with
            cut as (
                select experiment_group, sum(is_order) as orders, sum(order_amount) as amount
                from marts.wide_events
                array join experiment_groups as experiment_group
                where event = 'order'
                group by experiment_group
            ),
            outcomes as (
                select
                    experiment_group,
                    sum(participant_outcome_orders) as orders,
                    sum(participant_outcome_amount) as amount
                from marts.mart_experiment_participants
                group by experiment_group
                having sum(participant_is_immature) = 0
            )
        select
            count(),
            countIf(cut.orders = outcomes.orders and cut.amount = outcomes.amount),
            sum(outcomes.orders)
        from outcomes
        left join cut on outcomes.experiment_group = cut.experiment_group
        """
    ).first_row

    assert agreeing == groups
    assert groups > 50
    assert orders > 100


def test_an_order_comes_from_where_its_visit_does(chain: Chain) -> None:
    """Summed by source, orders made in visits are those that the visits are known to have made."""
    of_orders = chain.client.query(
        """
        select toString(traffic_source) as source, sum(order_amount)
        from marts.wide_events
        where
            event = 'order'
            and is_order = 1
            and order_key
            in (select order_id from intermediate.int_visit_orders where session_key != '')
        group by source
        """
    ).result_rows
    of_visits = chain.client.query(
        """
        select toString(traffic_source) as source, sum(visit_order_amount) as amount
        from marts.wide_events
        where event = 'visit'
        group by source
        having amount != 0
        """
    ).result_rows

    assert dict(of_orders) == dict(of_visits)
    assert len(of_orders) > 5
