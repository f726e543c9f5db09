"""Between the face and the file: hands and glasses, light, motion blur, noise."""

from dataclasses import dataclass

import numpy as np

from skspot.datasets.synthetic._script import SCRIPT_FPS, smooth_step

# Landmarks that a hand touches: cheeks, chin, brows, nose, outer corners of the eyes, mouth.
_TOUCHED = (3, 13, 8, 19, 24, 30, 36, 45, 51, 57)
_HAND_SIZE = 0.55  # of the canvas
_HAND_TIP = (0.5, 0.1)  # where the finger tips are in its picture, in widths
_SHORTEST_BLUR = 0.7  # pixels


@dataclass(frozen=True)
class Camera:
    """What is done to the picture of a face.

    Attributes
    ----------
    gain, slope : arrays of shape (n_frames,)
        The light: overall, and from one side of the picture to the other.
    noise : float
        Standard deviation of the sensor noise.
    motion_blur : float
        The share of the time of a frame during which the shutter is open.
    occluders : list
        What is in front of the face; each draws itself into a picture.
    repeated : bool array of shape (n_frames,)
        Which frames repeat the one before.
    """

    gain: np.ndarray
    slope: np.ndarray
    noise: float
    motion_blur: float
    occluders: list
    repeated: np.ndarray

    def film(self, face, poses, rng):
        """Yield the images as uint8, and where the landmarks of the face are seen."""
        image = before = None
        for frame, pose in enumerate(poses):
            if self.repeated[frame]:
                yield image, before
                continue
            landmarks = pose.seen_at(face.landmarks).astype(np.float32)
            picture = pose.render()
            for occluder in self.occluders:
                picture = occluder.draw(picture, frame, pose)
            picture = picture * np.float32(self.gain[frame])
            side = np.linspace(-1, 1, len(picture), dtype=np.float32)
            picture *= 1 + np.float32(self.slope[frame]) * side
            if self.motion_blur and before is not None:
                picture = _blurred(picture, self.motion_blur * (landmarks - before).mean(axis=0))
            if self.noise:
                noise = rng.standard_normal(picture.shape, dtype=np.float32)
                picture += np.float32(self.noise) * noise
            image, before = np.clip(np.rint(picture), 0, 255).astype(np.uint8), landmarks
            yield image, landmarks


def draw_repeated(n_frames, share, rng):
    """Return which frames repeat the one before; never the first."""
    return (np.arange(n_frames) > 0) & (rng.uniform(size=n_frames) < share)


def frames_shown(repeated):
    """Return the frame that is shown in each frame."""
    return np.maximum.accumulate(np.where(repeated, 0, np.arange(len(repeated))))


def _blurred(picture, motion):
    """Return a picture that has moved while the shutter was open."""
    import cv2

    length = np.linalg.norm(motion)
    if length < _SHORTEST_BLUR:
        return picture
    size = 2 * int(np.ceil(length / 2)) + 3
    kernel = np.zeros((size, size), dtype=np.float32)
    for place in np.linspace(-0.5, 0.5, 4 * size):
        x, y = place * motion + size // 2
        column, row = int(x), int(y)
        x, y = x - column, y - row
        kernel[row : row + 2, column : column + 2] += np.outer([1 - y, y], [1 - x, x])
    kernel /= kernel.sum()
    return cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REPLICATE)


def draw_occluders(face, n_frames, fps, strength, person, rng):
    """Return the hands and glasses of a video: two hands a minute at 1, glasses on every third."""
    has_glasses = person.uniform() < strength / 3
    glasses = Glasses.draw_random(face, person)
    occluders = [glasses] if has_glasses else []
    times = np.arange(n_frames) * (SCRIPT_FPS / fps)
    for _ in range(rng.poisson(strength * n_frames / fps / 30)):
        occluders.append(Hand.draw_random(face, times, rng))
    return occluders


@dataclass(frozen=True)
class Hand:
    """A hand that comes from below, touches the face, and leaves."""

    picture: np.ndarray
    share: np.ndarray
    path: np.ndarray  # x, y and angle in every frame; NaN while it is away

    @classmethod
    def draw_random(cls, face, times, rng):
        """Return a random hand of about the brightness of the face."""
        size = len(face.render(np.zeros(len(face.units)), np.eye(2, 3)))
        share, relief = _hand_shape(round(_HAND_SIZE * size), rng)
        skin = _skin_grey(face) * rng.uniform(0.9, 1.1)
        target = face.landmarks[rng.choice(_TOUCHED)] + rng.normal(0, size / 40, size=2)
        outside = np.array([target[0] + rng.normal(0, size / 5), 1.3 * size])
        there, held, back = rng.uniform(7, 20), rng.uniform(5, 70), rng.uniform(7, 20)
        since = times - rng.uniform(0, times[-1])
        near = smooth_step(since / there) - smooth_step((since - there - held) / back)
        rub = rng.uniform(0, 3) * np.sin(since * rng.uniform(0.2, 0.5)) * (near > 0.95)
        place = outside + near[:, None] * (target - outside)
        place[:, 0] += rub
        angle = rng.normal(0, 0.5) + 0.2 * (1 - near)
        path = np.column_stack([place, angle])
        path[near <= 0] = np.nan
        return cls((skin * relief).astype(np.float32), share, path)

    def draw(self, picture, frame, pose):
        """Return a picture with the hand in front of it."""
        import cv2

        x, y, angle = self.path[frame]
        if np.isnan(x):
            return picture
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        tip = self.share.shape[1] * np.array(_HAND_TIP)
        place = np.column_stack([turn, [x, y] - turn @ tip])
        size = picture.shape[::-1]
        share = cv2.warpAffine(self.share, place, size)
        hand = cv2.warpAffine(self.picture, place, size, borderMode=cv2.BORDER_REPLICATE)
        return picture + share * (hand - picture)


def _hand_shape(size, rng):
    """Return the outline and the relief of a hand with four fingers and a thumb."""
    import cv2

    whole = (3 * size, size)  # with the arm
    shape = np.zeros(whole, dtype=np.float32)
    relief = np.full(whole, 0.8, dtype=np.float32)
    palm = np.array([0.5, 0.75]) * size
    tips = [(0.36, 0.2), (0.46, 0.12), (0.56, 0.13), (0.66, 0.22), (0.2, 0.5)]
    roots = [(0.38, 0.6), (0.46, 0.58), (0.54, 0.58), (0.62, 0.6), (0.36, 0.8)]
    pieces = []
    for tip, root in zip(tips, roots):
        piece = np.zeros(whole, dtype=np.uint8)
        ends = np.rint(np.array([tip, root]) * size + rng.normal(0, size / 100, (2, 2))).astype(int)
        cv2.line(piece, tuple(ends[0]), tuple(ends[1]), 255, max(1, round(0.095 * size)))
        pieces.append(piece)
    piece = np.zeros(whole, dtype=np.uint8)
    axes = (round(0.18 * size), round(0.24 * size))
    cv2.ellipse(piece, tuple(np.rint(palm).astype(int)), axes, 0, 0, 360, 255, -1)
    arm = np.rint([palm, [palm[0], 3.2 * size]]).astype(int)
    cv2.line(piece, tuple(arm[0]), tuple(arm[1]), 255, round(0.24 * size))
    for part in [*pieces, piece]:
        # Each part is round: it is darker towards its edge.
        depth = cv2.distanceTransform(part, cv2.DIST_L2, 3) / (0.05 * size)
        inside = part > 0
        relief[inside] = 0.7 + 0.35 * np.clip(depth[inside], 0, 1)
        shape[inside] = 1
    skin = cv2.GaussianBlur(rng.normal(size=whole).astype(np.float32), (0, 0), 2)
    relief *= 1 + 0.04 * skin / skin.std()
    return cv2.GaussianBlur(shape, (0, 0), 0.8), cv2.GaussianBlur(relief, (0, 0), 1.0)


@dataclass(frozen=True)
class Glasses:
    """Glasses that move with the head; light passes over them as it turns."""

    corners: np.ndarray  # centre of the right and the left lens on the neutral face
    size: np.ndarray  # half the width and height of a lens
    frame: float  # grey value
    width: float  # of the frame
    glare: float  # grey values that are added
    places: np.ndarray  # where glare is seen, as multiples of the size of a lens

    @classmethod
    def draw_random(cls, face, rng):
        """Return random glasses for a face."""
        eyes = np.stack([face.landmarks[36:42].mean(axis=0), face.landmarks[42:48].mean(axis=0)])
        distance = np.linalg.norm(eyes[1] - eyes[0])
        return cls(
            corners=eyes + [0, 0.06 * distance],
            size=distance * np.array([rng.uniform(0.36, 0.42), rng.uniform(0.26, 0.36)]),
            frame=rng.uniform(15, 120),
            width=rng.uniform(1, 2.5),
            glare=rng.uniform(20, 90),
            places=rng.normal(0, 0.5, size=(2, 2)),
        )

    def draw(self, picture, frame, pose):
        """Return a picture with the glasses in front of it."""
        right, left = pose.carried(self.corners)
        low = np.floor(np.minimum(right, left) - 1.5 * self.size.max()).astype(int)
        high = np.ceil(np.maximum(right, left) + 1.5 * self.size.max()).astype(int)
        low, high = np.maximum(low, 0), np.minimum(high, picture.shape[::-1])
        if (high <= low).any():
            return picture
        box = np.s_[low[1] : high[1], low[0] : high[0]]
        # As the head turns, reflections move over the lenses more than the lenses themselves.
        moved = ((right + left) / 2 - self.corners.mean(axis=0)) / self.size
        spots = [
            centre + self.size * (place - 0.6 * moved)
            for centre, place in zip((right, left), self.places)
        ]
        frame, light = self._shapes(right - low, left - low, spots - low, picture[box].shape)
        picture = picture.copy()
        picture[box] += self.glare * light
        picture[box] += frame * (self.frame - picture[box])
        return picture

    def _shapes(self, right, left, spots, shape):
        """Return where the frame is, and how much light the lenses reflect."""
        import cv2

        frame, light = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
        across = left - right
        angle = np.degrees(np.arctan2(across[1], across[0]))
        axes, width = _sixteenths(self.size), round(self.width)
        y, x = np.ogrid[: shape[0], : shape[1]]
        for centre, spot in zip((right, left), spots):
            at = _sixteenths(centre)
            cv2.ellipse(frame, at, axes, angle, 0, 360, 1.0, width, cv2.LINE_AA, 4)
            lens = np.zeros(shape, dtype=np.float32)
            cv2.ellipse(lens, at, axes, angle, 0, 360, 1.0, -1, cv2.LINE_AA, 4)
            along = (x - spot[0] + 0.6 * (y - spot[1])) / (0.35 * self.size[0])
            light += lens * np.exp(-np.clip(along**2, 0, 30)).astype(np.float32)
        bridge = (_sixteenths(right + 0.4 * across), _sixteenths(left - 0.4 * across))
        cv2.line(frame, *bridge, 1.0, width, cv2.LINE_AA, 4)
        return cv2.GaussianBlur(np.clip(frame, 0, 1), (0, 0), 0.6), light


def _sixteenths(point):
    """Return a point for OpenCV in sixteenths of a pixel."""
    return tuple(np.rint(16 * point).astype(int).tolist())


def _skin_grey(face):
    """Return the grey value of the cheeks."""
    picture = face.render(np.zeros(len(face.units)), np.eye(2, 3))
    cheeks = (face.landmarks[[2, 14]] + face.landmarks[[31, 35]]) / 2
    return float(np.mean([picture[int(y), int(x)] for x, y in cheeks]))
