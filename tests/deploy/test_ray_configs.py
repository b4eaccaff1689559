"""What `deploy/ray/` configures is what there is."""

import ast
from pathlib import Path

import pytest
import yaml

from cla.resources import package_path

FILES = sorted((Path(__file__).parents[2] / "deploy" / "ray").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_configuration_names_the_deployment(path):
    (application,) = yaml.safe_load(path.read_text())["applications"]
    module, _, name = application["import_path"].partition(":")
    tree = ast.parse(
        package_path(f"{module.removeprefix('cla.').replace('.', '/')}.py").read_text()
    )
    assigned = [one for one in tree.body if isinstance(one, ast.Assign)]
    assert name in {target.id for one in assigned for target in one.targets}
    (deployment,) = application["deployments"]
    assert f'name="{deployment["name"]}"' in ast.unparse(tree).replace("'", '"')
    # A replica takes more connections than make another one start.
    scaling = deployment["autoscaling_config"]
    assert scaling["target_ongoing_requests"] < deployment["max_ongoing_requests"]
    assert scaling["min_replicas"] < scaling["max_replicas"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_ray_takes_the_configuration(path):
    schema = pytest.importorskip("ray.serve.schema")
    schema.ServeDeploySchema.model_validate(yaml.safe_load(path.read_text()))
