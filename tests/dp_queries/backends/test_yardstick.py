from statistics import median

from dp_queries.backends import yardstick


def test_more_rows_take_longer(monkeypatch):
    usual = yardstick.Yardstick().rounds(5)
    assert len(usual) == 5
    monkeypatch.setattr(yardstick, "_MADE_UP", yardstick._MADE_UP.replace("150000", "3000000"))
    assert 0 < median(usual) < median(yardstick.Yardstick().rounds(3))
