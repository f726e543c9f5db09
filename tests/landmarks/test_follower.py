"""Following one face among several."""

import numpy as np
import pytest

from skspot.landmarks._follower import FaceFollower, overlap


class TestFaceFollower:
    BIG, SMALL = [0, 0, 100, 100], [300, 0, 380, 80]

    @staticmethod
    def shifted(box, x):
        return [box[0] + x, box[1], box[2] + x, box[3]]

    def test_overlap(self):
        assert overlap(np.array([0, 0, 2, 2]), np.array([1, 0, 3, 2])) == pytest.approx(1 / 3)
        assert overlap(np.array([0, 0, 2, 2]), np.array([2, 0, 4, 2])) == 0

    def test_takes_the_largest_and_keeps_it(self):
        follower = FaceFollower()
        assert follower.choose([self.SMALL, self.BIG]) == 1
        huge = [500, 0, 900, 400]
        assert follower.choose([huge, self.SMALL, self.shifted(self.BIG, 5)]) == 2
        for x in range(10, 300, 20):  # now it moves across the picture
            assert follower.choose([self.shifted(self.BIG, x), huge]) == 0

    def test_never_takes_a_face_seen_beside_it(self):
        follower = FaceFollower()
        follower.choose([self.BIG, self.SMALL])
        for x in range(60):  # the followed face has left; the other one wanders
            assert follower.choose([self.shifted(self.SMALL, -3 * x)]) is None
        assert follower.choose([self.BIG, self.shifted(self.SMALL, -177)]) == 0

    def test_never_takes_a_face_elsewhere_however_long_it_is_lost(self):
        follower = FaceFollower()
        follower.choose([self.BIG])
        elsewhere = self.shifted(self.BIG, 400)
        assert [follower.choose([elsewhere]) for _ in range(100)] == [None] * 100
        assert follower.choose([elsewhere, self.shifted(self.BIG, 30)]) == 1  # it has come back

    def test_comes_back_at_a_similar_size_only(self):
        follower = FaceFollower()
        follower.choose([self.BIG])
        follower.choose([])
        assert follower.choose([[0, 0, 55, 55]]) is None
        assert follower.choose([[0, 0, 160, 160]]) is None
        assert follower.choose([[0, 0, 80, 80]]) == 0

    def test_does_not_take_one_of_another_size_for_it(self):
        follower = FaceFollower()
        follower.choose([self.BIG])
        for _ in range(30):
            assert follower.choose([[300, 0, 320, 20]]) is None

    @pytest.mark.parametrize(("n_others", "expected"), [(8, None), (9, 0)])
    def test_remembers_eight_other_faces(self, n_others, expected):
        """A ninth makes it forget the first, which may then be taken for the followed face."""
        others = [self.shifted(self.SMALL, 200 * i) for i in range(n_others)]
        follower = FaceFollower()
        follower.choose([self.BIG, *others])
        for x in range(0, 300, 4):  # the followed face has left; the first other one comes nearer
            chosen = follower.choose([self.shifted(self.SMALL, -x)])
        assert chosen == expected

    def test_no_boxes(self):
        follower = FaceFollower()
        assert follower.choose([]) is None
        assert follower.choose([self.BIG]) == 0
        assert follower.choose([]) is None
        assert follower.choose([self.BIG]) == 0
