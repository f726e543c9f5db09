from . import datasets as datasets
from . import faces as faces
from . import inspection as inspection
from . import intervals as intervals
from . import io as io
from . import landmarks as landmarks
from . import metrics as metrics
from . import model_selection as model_selection
from . import neural_network as neural_network
from . import preprocessing as preprocessing
from . import recipes as recipes
from . import reporting as reporting
from . import spotting as spotting
from . import video as video
from .intervals import CLASSES as CLASSES
from .intervals import INTERVAL_DTYPE as INTERVAL_DTYPE
from .intervals import PREDICTION_DTYPE as PREDICTION_DTYPE
from .intervals import intervals_to_dataframe as intervals_to_dataframe
from .intervals import make_intervals as make_intervals
from .persistence import load as load
from .persistence import save as save
from .spotting import SpottingResult as SpottingResult
from .spotting import spot as spot
from .video import AlignedVideo as AlignedVideo
from .video import NoFaceError as NoFaceError
from .video import VideoReadError as VideoReadError

__version__: str
