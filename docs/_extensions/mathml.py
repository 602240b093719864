"""Equations as MathML: browsers draw it themselves, without a script or the network."""

from docutils.nodes import SkipNode
from latex2mathml.converter import convert


def _visit_inline(translator, node):
    translator.body.append(convert(node.astext()))
    raise SkipNode


def _visit_block(translator, node):
    tex = node.astext()
    if "&" in tex:
        tex = rf"\begin{{align*}}{tex}\end{{align*}}"
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(convert(tex, display="block"))
    translator.body.append("</div>\n")
    raise SkipNode


def setup(app):
    """Register the renderer that `html_math_renderer` names."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
