import numpy as np

from tokenizer.char_table import CHAR_TABLE_PATH
from tokenizer.make_char_table import make_table


def test_the_committed_table_is_what_the_installed_library_says():
    made = make_table()
    with np.load(CHAR_TABLE_PATH) as committed:
        assert set(committed) == set(made)
        for name in made:
            np.testing.assert_array_equal(committed[name], made[name])
