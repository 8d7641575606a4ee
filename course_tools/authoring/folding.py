"""Which code cells only draw or say what was found: the workspace and the site fold those away."""

import ast

# Where a cell that only draws gets its figures from.
DRAWS = {"plots", "widgets"}


def only_draws(source: str) -> bool:
    """Whether a cell does nothing but draw, with `plots` or `widgets`, and print.

    Such a cell teaches by its figure; its code is titles, axes and alternative texts. A cell that
    defines, imports, trains or computes something that a later one may use does not count.
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a magic, or a learner's own
        return False
    figures: set[str] = set()
    return all(_draws(each, figures) for each in statements) and any(
        isinstance(node, ast.Name) and node.id in DRAWS
        for each in statements
        for node in ast.walk(each)
    )


def _draws(statement, figures):
    """Whether one statement only draws or prints; names of figures and axes go to `figures`."""
    match statement:
        case ast.Expr(value=ast.Call(func=function)):
            return _root(function) in DRAWS | figures | {"print"}
        case ast.Assign(targets=[target], value=ast.Call(func=function)) if (
            _root(function) in DRAWS | figures
        ):
            figures.update(node.id for node in ast.walk(target) if isinstance(node, ast.Name))
            return True
        case ast.For(iter=over, target=target, body=body):
            if figures & {node.id for node in ast.walk(over) if isinstance(node, ast.Name)}:
                figures.update(node.id for node in ast.walk(target) if isinstance(node, ast.Name))
            return all(_draws(each, figures) for each in body)
        case ast.If(body=body, orelse=orelse):
            return all(_draws(each, figures) for each in [*body, *orelse])
    return False


def _root(node):
    """The name that a chain of attributes and indices begins with: axes in axes.flat[0].plot."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return getattr(node, "id", "")
