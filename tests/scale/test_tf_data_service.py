"""The script on `tf.data`'s service, with a worker that is killed."""

import pytest

from tests.scale.scripts import lines_of

pytestmark = pytest.mark.scale


def test_shards_epochs_and_a_death():
    said = [
        "256 records: pairs exact, dtypes kept, the same by 1 and 2 workers",
        "the next epoch draws anew",
        "a worker killed and restarted: what comes is the same, no record comes twice",
        "static shards of two clients: together the same records, each once",
    ]
    assert [line for line in lines_of("tf_data_service", "tensorflow") if line in said] == said
