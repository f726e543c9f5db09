"""Settings of the documentation: ``sphinx-build -W --keep-going docs docs/_build/html``."""

import os
import zlib
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

import skspot

DOCS = Path(__file__).parent

project = "skspot"
author = "The skspot developers"
copyright = "The skspot developers, BSD 3-Clause"
version = release = skspot.__version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "figures"]
nitpicky = True
# Types in docstrings are prose ("array of shape (n,)"), not names to look up.
nitpick_ignore_regex = [(r"py:.*", r"(?!skspot).*")]

extlinks = {"doi": ("https://doi.org/%s", "doi:%s")}

# -- Objects of other projects ----------------------------------------------------------------


def write_empty_inventory(path):
    """Write the list of a project that has no objects, in Sphinx's format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = "# Sphinx inventory version 2\n# Project: none\n# Version:\n"
    header += "# The remainder of this file is compressed using zlib.\n"
    path.write_bytes(header.encode() + zlib.compress(b""))


# Without a network the links to other projects become plain text instead of warnings.
write_empty_inventory(DOCS / "_build" / "offline.inv")
intersphinx_mapping = {
    name: (address, (None, "_build/offline.inv"))
    for name, address in {
        "python": "https://docs.python.org/3",
        "numpy": "https://numpy.org/doc/stable",
        "pandas": "https://pandas.pydata.org/docs",
        "matplotlib": "https://matplotlib.org/stable",
        "sklearn": "https://scikit-learn.org/stable",
        "skorch": "https://skorch.readthedocs.io/en/stable",
        "torch": "https://docs.pytorch.org/docs/stable",
        "joblib": "https://joblib.readthedocs.io/en/stable",
    }.items()
}
intersphinx_timeout = 5

# -- Docstrings -------------------------------------------------------------------------------

autosummary_generate = True
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
numpydoc_validation_checks = {
    "all",
    "ES01",  # a short summary may be enough
    "EX01",  # examples are required of public functions and classes by a test
    "GL01",  # summaries begin on the line of the quotes
    "RT02",  # returned values have names
    "SA01",  # not everything has related names
}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# -- Gallery ----------------------------------------------------------------------------------

# The diagrams of estimators in the gallery link to the pages beside them.
os.environ["SKSPOT_DOCS_URL"] = ".."
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skspot",),
    "reference_url": {"skspot": None},
    "min_reported_time": 5,
    "write_computation_times": False,
    "download_all_examples": False,
    "show_signature": False,
    # A regular expression of the examples to run; by default all of them.
    "filename_pattern": os.environ.get("SKSPOT_DOCS_EXAMPLES", "plot_"),
}

# -- Pictures ---------------------------------------------------------------------------------

plot_basedir = "figures"
plot_formats = [("png", 130)]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_include_source = False
plot_working_directory = str(DOCS / "figures")

# -- The pages --------------------------------------------------------------------------------

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "skspot"
html_static_path = ["_static"]
html_css_files = ["skspot.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {  # pages without pages below them
    page: []
    for page in (
        "changelog",
        "contributing",
        "cost_model",
        "glossary",
        "index",
        "paper",
        "references",
        "start",
    )
}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

# -- What is not shown ------------------------------------------------------------------------

# Methods that `FaceAligner` calls. They are documented in the base class.
LANDMARKER_HOOKS = {"check", "detector", "frames_at_a_time", "key", "only_for", "track"}


def skip_members(app, what, name, member, skip, options):
    """Leave out a hook of skorch, methods that scikit-learn generates, and hooks of landmarkers."""
    generated = name.startswith("set_") and name.endswith("_request")
    owner = getattr(member, "__qualname__", "").rpartition(".")[0]
    is_hook = name in LANDMARKER_HOOKS and owner != "Landmarker"
    return True if generated or is_hook or name == "check_is_fitted" else None


# -- Formulas -----------------------------------------------------------------------------------


def write_formula(translator, node):
    """Write a formula as MathML, which browsers show without a script from elsewhere."""
    formula = node.astext()
    if "\\\\" in formula or "&" in formula:
        formula = rf"\begin{{aligned}}{formula}\end{{aligned}}"
    as_block = isinstance(node, nodes.math_block)
    mathml = tex2mathml(formula, as_block=as_block)
    translator.body.append(f'<div class="formula">{mathml}</div>' if as_block else mathml)
    raise nodes.SkipNode


def setup(app):
    """Connect what this file adds to Sphinx."""
    app.add_html_math_renderer("mathml", (write_formula, None), (write_formula, None))
    app.connect("autodoc-skip-member", skip_members)
