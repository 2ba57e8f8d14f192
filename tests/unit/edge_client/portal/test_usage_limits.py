from edge_client.portal.usage_limits import UsageLimits


def test_an_allowance_refills_with_time_and_no_further() -> None:
    limits = UsageLimits(burst=10, rate=2, school=100)
    assert limits.take("a", 10, 0)
    assert not limits.take("a", 1, 0)
    assert limits.take("a", 4, 2)
    assert not limits.take("a", 1, 2)
    assert not limits.take("a", 11, 1000)
    assert limits.take("a", 10, 1000)


def test_each_address_has_its_own_and_the_school_one_for_all() -> None:
    limits = UsageLimits(burst=10, rate=1, school=2.5)
    assert limits.take("a", 10, 5)
    assert limits.take("b", 10, 5)
    assert not limits.take("c", 10, 5)
    assert limits.take("c", 5, 5)


def test_what_is_refused_costs_nothing() -> None:
    limits = UsageLimits(burst=10, rate=1, school=100)
    assert not limits.take("a", 11, 0)
    assert limits.take("a", 10, 0)


def test_addresses_without_number_are_not_all_remembered() -> None:
    limits = UsageLimits(burst=1, rate=0, school=1e9)
    assert all(limits.take(str(number), 1, 0) for number in range(5000))
    assert limits.take("0", 1, 0)
    assert not limits.take("4999", 1, 0)
