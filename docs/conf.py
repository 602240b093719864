"""Sphinx configuration: `sphinx-build -W docs docs/_build`. Nothing is downloaded."""

import sys
import zlib
from pathlib import Path

import skrnn

HERE = Path(__file__).parent
sys.path.append(str(HERE / "_extensions"))


def inventory(name):
    """Pack docs/inventories/<name>.txt for intersphinx, and return where it is.

    A line is one of the project's own `objects.inv`, unpacked: the name, what it is, a
    priority, the address ($ stands for the name) and a title (- is the name).
    """
    header = f"# Sphinx inventory version 2\n# Project: {name}\n# Version:\n# zlib\n"
    names = (HERE / "inventories" / f"{name}.txt").read_bytes()
    packed = HERE / "generated" / "inventories" / f"{name}.inv"
    packed.parent.mkdir(parents=True, exist_ok=True)
    packed.write_bytes(header.encode() + zlib.compress(names))
    return str(packed.relative_to(HERE))


project = "skrnn"
author = "the skrnn developers"
copyright = author
version = release = skrnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
    "sphinx_gallery.gen_gallery",
    "sphinx_copybutton",
    "mathml",  # docs/_extensions
]
exclude_patterns = ["_build", "inventories"]
templates_path = ["_templates"]
default_role = "code"
smartquotes = False  # "tanh" is to be typed as it stands
toc_object_entries_show_parents = "hide"
nitpicky = True  # a reference that leads nowhere is a warning

autosummary_generate = True
autodoc_default_options = {"members": True, "inherited-members": True}
numpydoc_class_members_toctree = False

intersphinx_mapping = {
    "sklearn": ("https://scikit-learn.org/stable/", inventory("sklearn")),
    "numpy": ("https://numpy.org/doc/stable/", inventory("numpy")),
    "pandas": ("https://pandas.pydata.org/docs/", inventory("pandas")),
}

plot_formats = [("png", 200)]
plot_html_show_formats = False
plot_html_show_source_link = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "gallery_order.ProjectOrder",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("skrnn",),
    "reference_url": {"skrnn": None},
    "image_srcset": ["2x"],
    "thumbnail_size": (600, 400),
    "reset_modules": ("matplotlib", "strict.warnings_are_errors"),
    "reset_modules_order": "both",
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
}

# Prompts are not copied, nor is what a block prints.
copybutton_prompt_text = r">>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_selector = ":not(.sphx-glr-script-out) > .highlight pre"

html_theme = "pydata_sphinx_theme"
html_title = "skrnn"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["skrnn.css"]
html_use_index = False  # search finds what it would
html_domain_indices = False
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {
    page: []
    for page in (
        "index",
        "getting_started",
        "how_it_works",
        "conformance",
        "whats_new",
    )
}
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_theme_options = {
    "logo": {"text": "skrnn"},
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": [],
}
