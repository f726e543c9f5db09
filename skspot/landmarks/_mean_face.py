"""The mean face that the landmarker Template looks for: its 68 points and its picture.

Both are means over nine faces in photographs and videos, each brought to the same position, size
and tilt by its 68 points and averaged with its mirror image. One unit is the root-mean-square
distance of the points to their centroid, the origin; x points right and y down.
"""

import base64
from functools import cache
from typing import NamedTuple

import numpy as np

from skspot.faces import MIRRORED_POINTS
from skspot.landmarks._follower import bounding_box

# Number, x and y of the points; of two that mirror each other the one with the lower number.
_HALF_SHAPE = [
    (0, -1.264, -0.608),
    (1, -1.261, -0.343),
    (2, -1.247, -0.069),
    (3, -1.123, 0.531),
    (4, -1.003, 0.775),
    (5, -0.870, 0.952),
    (6, -0.562, 1.228),
    (7, -0.411, 1.331),
    (8, 0.000, 1.433),
    (17, -1.057, -0.994),
    (18, -0.951, -1.106),
    (19, -0.780, -1.166),
    (20, -0.549, -1.158),
    (21, -0.280, -1.118),
    (27, 0.000, -0.761),
    (28, 0.000, -0.474),
    (29, 0.000, -0.355),
    (30, 0.000, -0.069),
    (31, -0.319, 0.119),
    (32, -0.150, 0.159),
    (33, 0.000, 0.169),
    (36, -0.810, -0.698),
    (37, -0.690, -0.760),
    (38, -0.505, -0.765),
    (39, -0.308, -0.655),
    (40, -0.482, -0.632),
    (41, -0.667, -0.635),
    (48, -0.511, 0.517),
    (49, -0.395, 0.448),
    (50, -0.152, 0.381),
    (51, 0.000, 0.406),
    (55, 0.391, 0.672),
    (56, 0.154, 0.799),
    (57, 0.000, 0.815),
    (60, -0.465, 0.523),
    (61, -0.240, 0.499),
    (62, 0.000, 0.508),
    (65, 0.237, 0.616),
    (66, 0.000, 0.641),
]

# Grey levels relative to their surroundings, 1/40 of the local standard deviation: the left half
# of a square of 46 by 46 pixels, 16 pixels a unit, int8.
_HALF_LOOK = (
    "@$lc&)Zpv%`vnaV6ciK_6B82?5)KUV^W@jo<?;Cf4HFa-5)%^@6ciK_5e@M1<<-~e_5KMF6%`c~7a1EJ9UK}M6zuNb"
    "(b((v0uL7&7#SHF93LSfAs-za?Cjmp+3ooS5fu{-3=0eo6dWQWBP1j2?cLJc@B9S{1^)Q<^Yixp2^Ah9B_rzZ;ML&s"
    "{`~j&`1kej?(OjT2NN3~AM5br*W&Z`^!NY;1OWj1^zicg2NM|>?eFE<<n{aj3lbC+6ci2z{`mO;3=|UV?&aO*`vnXU"
    "6B82@5)KOo1ONXA4-W0_=iuu72Mi1b{`m9k>+<;g{QUw75by5k<?j9m2m9#S)ylcI%-`wr`~wac?d|OA^Zy0?<kHsM"
    ")490R+THU01P>eS?CtIM0|o%`?C$R8+uP~r>-zry4H@g~>+bvr4h#eX0s;dA{rda^2m}5I6YJ~f@Ba%D6A%y&2?z%U"
    "2oDnx1_BBb?Cj|B01g!y92_4U8XFoL9T^e_2o4eL>F4tT5f>aFBPS;%BO)Ro84d{w5*G06>GT5;7#<`hDl94}B_bae"
    "3<(Vu9PR4t^8*hT9waC%Ei5S~A{-G33lJJ1=;i400t^%#BPc8_D<~u!5CsDX5E&up<l^uE2@)D0CMql{BpeL@0R;&Q"
    "6CCO0;_v<j5f>dHCMP2s4gK~32n7HN7VGNe?)(G}6dN2J9vKe<`uF_<0s;#Z@a^gD_yP+L6crQ{4g~-K0sHs$`T_^@"
    "@a*pN00s&T4+{zd00IaJ0`}?W@AdZb?(Fma0R;#O1poW}1`7)Y|M>Im=lS;b^Yi@w0Rjg8`1$__3JM1T{{8y)_4V}g"
    "@%R7&0|x*2_xSw&|NZ;?{{Q>&@bB;N_yGh43J3l6>*wh0@bU2S^z!iV@bK{X0R{;U4+aA3(9YlJ?&|F7=<@UO@bLHn"
    "2MP}q4-5b3*5UH|`uqd`_4D!X@Adx(3Jw$&5e)<L>FxIX0}cxI_44oU^ZN!03=$a?6b}RU?d|mX0tEK<^6>BR_W%eB"
    "5EvO46$}IZ_w@Js`}X$p^6~NY`vwaS791HD5()<f1q1>A`1|+v^z-xg0SXQh8X6cD4+;kc1Ofi^`uX?v_V@Sw2n`Sx"
    "92prD4hIAP`}p_x`1tww`TYC?3=k6<8XFoG5ex?c{`mX&_WAqy`v3n34iOd{8y+1Q7#0%|_WAbp_4V}m000CE4G<d~"
    "9v~qhARZp_^!D`h^7Hxs0s#XE3J@C{A0s3qAt3Vj`uFtn_4xe(0saC62M!q;9v~neANBbF{rU9w`1$((|NQ_10}T}w"
    "78e*8_xk|=`}Onl^!Nb+{`>*}`~(XM3k?nU`~ds(?(OjP`vnF9|Nj8`^Y;7v{QU"
)
LOOK_PIXELS_PER_UNIT = 16


@cache
def mean_shape():
    """Return the points of the mean face, float64 (68, 2)."""
    shape = np.empty((68, 2))
    for point, x, y in _HALF_SHAPE:
        shape[point] = x, y
        shape[MIRRORED_POINTS[point]] = -x, y
    return shape


def mean_look():
    """Return the picture of the mean face, float32 (46, 46), the origin in its middle."""
    half = np.frombuffer(base64.b85decode(_HALF_LOOK), dtype=np.int8).reshape(46, 23) / 40
    return np.concatenate([half, half[:, ::-1]], axis=1).astype(np.float32)


class Pose(NamedTuple):
    """Where the mean face lies in a picture."""

    x: float
    y: float
    unit: float  # length of one unit of the mean face in pixels
    tilt: float  # in radians, clockwise in the picture

    @property
    def matrix(self):
        """The transform (2, 3) from the mean face to the picture."""
        a, b = self.unit * np.cos(self.tilt), self.unit * np.sin(self.tilt)
        return np.array([[a, -b, self.x], [b, a, self.y]])

    @property
    def points(self):
        """The 68 points, float64 (68, 2)."""
        return transform_points(self.matrix, mean_shape())

    @property
    def box(self):
        """Left, top, right, bottom of the points."""
        return bounding_box(self.points)

    def moved(self, matrix):
        """Return the pose after a similarity transform (2, 3) of the picture."""
        x, y = transform_points(matrix, np.array([[self.x, self.y]]))[0]
        scale, turn = np.hypot(*matrix[:, 0]), np.arctan2(matrix[1, 0], matrix[0, 0])
        return Pose(x, y, self.unit * scale, self.tilt + turn)

    def towards(self, other, share):
        """Return the pose that lies `share` of the way to another."""
        return Pose(*((1 - share) * np.array(self) + share * np.array(other)))


def transform_points(matrix, points):
    """Apply an affine transform (2, 3) to points (n, 2)."""
    return points @ matrix[:, :2].T + matrix[:, 2]
