"""Private names of scikit-learn, and what is missing from older versions of it."""

from contextvars import ContextVar

# Needed until scikit-learn makes its parameter validation public (private in 1.9).
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

# Needed until the container that `transform` should return can be read publicly.
from sklearn.utils._set_output import _get_output_config

# Needed until parameters of members can be reached publicly (private in 1.9).
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition

# Needed until scikit-learn makes them public (private in 1.9).
from sklearn.utils.validation import _check_feature_names_in as check_feature_names_in
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

from skrnn._version import SITE

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # needed until 1.9 is the oldest scikit-learn supported

    class CallbackSupportMixin:
        """Does nothing: scikit-learn before 1.9 has no callbacks."""


def returns_frame(transformer):
    """Return whether `set_output` asks a transformer for a DataFrame."""
    return _get_output_config("transform", transformer)["dense"] != "default"


_is_showing = ContextVar("is_showing", default=False)


class LinkedHTML:
    """Adds links to our documentation, and more content, to the HTML of an estimator.

    scikit-learn describes these names for third parties in a docstring (1.6 to 1.9).
    The class can be removed when they are public.
    """

    _doc_link_module = "skrnn"
    _doc_link_template = f"{SITE}/generated/skrnn.{{name}}.html"

    def _doc_link_url_param_generator(self):
        return {"name": type(self).__name__}

    _costly = ()  # attributes that are computed at each access

    def __dir__(self):
        costly = () if _is_showing.get() else self._costly
        names = set(object.__dir__(self)).difference(self._costly)
        # like scikit-learn's __dir__, which computes all attributes
        return [*costly, *(name for name in names if hasattr(self, name))]

    def _get_fitted_attr_html(self, doc_link=""):  # called from 1.9 on
        showing = _is_showing.set(True)  # keeps scikit-learn from computing _costly
        try:
            table = super()._get_fitted_attr_html(doc_link)
        finally:
            _is_showing.reset(showing)
        attributes = table._repr_html_inner
        table._repr_html_inner = lambda: attributes() + self._more_html()
        return table

    def _more_html(self):
        """Return HTML to show below the fitted attributes."""
        return ""


class FitTask:
    """Reports the progress of a fit to scikit-learn's callbacks (1.9 and later).

    `attributes` has to be set to a function of an Epoch that returns the attributes
    that turn a copy of the estimator into a fitted one.

    scikit-learn documents `_init_callback_context` for third parties under this name;
    `_skl_callbacks` has no public form in 1.9.
    """

    attributes = None

    def __init__(self, estimator, max_epochs, X, y, sample_weight=None):
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"estimator": estimator, "X": X, "y": y, "metadata": weights}
        self._context = None
        self.is_watched = bool(getattr(estimator, "_skl_callbacks", ()))
        if hasattr(estimator, "_init_callback_context"):
            self._context = estimator._init_callback_context(max_subtasks=max_epochs)
            self._context.call_on_fit_task_begin(**self._data)

    def begin_epoch(self):
        """Report that an epoch begins."""
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data)

    def end_epoch(self, epoch):
        """Report that an Epoch ended; return whether training should stop."""
        return self._epoch.call_on_fit_task_end(
            **self._data, reconstruction_attributes=lambda: self.attributes(epoch)
        )

    def end(self):
        """Report that the fit ended."""
        if self._context is not None:
            self._context.call_on_fit_task_end(
                **self._data, reconstruction_attributes=dict
            )
