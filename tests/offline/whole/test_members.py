import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'concertino[offline]'")

from offline.weights import model_weights  # noqa: E402  # after the check for torch
from offline.whole.beam import search  # noqa: E402
from offline.whole.members import Members, weights_of_each  # noqa: E402
from offline.whole.model import WholeSeparator, batch_past, make_batch  # noqa: E402
from offline.whole.plugin import build_whole  # noqa: E402

torch.set_num_threads(1)  # more only get in each other's way on a model this small


@pytest.fixture
def three():
    torch.manual_seed(0)
    return [WholeSeparator(4, 24, 8, 16).eval() for _ in range(3)]


def test_what_they_agree_on_is_the_mean_of_what_each_thinks(three, made_up):
    batch = make_batch([made_up(0)])
    past = batch_past(batch, batch.part, 4)
    members = Members(three).eval()
    each = [member.decide(member.read(batch.rows, batch.lengths), past) for member in three]
    agreed = members.decide(members.read(batch.rows, batch.lengths), past)
    assert torch.allclose(agreed, torch.stack(each).mean(0), atol=1e-6)


def test_members_of_the_same_weights_decide_as_one_alone(three, made_up):
    alone, together = search(three[0], made_up(1)), search(Members(three[:1] * 3).eval(), made_up(1))
    np.testing.assert_array_equal(alone[0], together[0])
    np.testing.assert_allclose(alone[1], together[1], atol=1e-5)


def test_weights_give_back_the_members(three, made_up):
    weights = model_weights(Members(three))
    assert [len(own) for own in weights_of_each(weights)] == [len(model_weights(three[0]))] * 3
    before, after = search(Members(three).eval(), made_up(2)), search(build_whole(weights), made_up(2))
    np.testing.assert_array_equal(before[1], after[1])
