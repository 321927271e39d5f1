"""What files name by a word: activations, forms of predictions, averages."""

from foldline.card.activations import ACTIVATIONS, Identity, Sigmoid, Softmax
from foldline.ensembling.ensembling import Averages
from foldline.ensembling.forms import Distribution, Independent, Numbers
from foldline.ensembling.scales import OfLogProbabilities, OfOdds, Scale
from foldline.ensembling.view_averages import Average
from foldline.params.kinds import by_kind

SOFTMAX, SIGMOID, IDENTITY = Softmax(kind="softmax"), Sigmoid(kind="sigmoid"), Identity(kind="identity")
PLAIN_ACTIVATIONS = {word: kind.over(()) for word, kind in ACTIVATIONS.items() if word != "column_softmax"}
DISTRIBUTION, INDEPENDENT = Distribution(kind="distribution"), Independent(kind="independent")
NUMBERS = Numbers(kind="value")
FORMS = {"distribution": DISTRIBUTION, "independent": INDEPENDENT, "value": NUMBERS}
PLAIN, IN_SCORES, IN_ODDS = Scale(DISTRIBUTION), OfLogProbabilities(DISTRIBUTION), OfOdds(INDEPENDENT)
AVERAGES = {word: kind(kind=word) for word, kind in by_kind(Averages, Average).items()}
