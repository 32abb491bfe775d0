"""`diagnose`: all measurements of any PyTorch network, beside those of fresh networks."""

import argparse
from typing import Any

from plasticity_bench.cli import options as shared
from plasticity_bench.cli.common import COMPLETE, say
from plasticity_bench.errors import BadInputError
from plasticity_bench.names import given_path

HELP = "measure any PyTorch network, beside fresh networks of the same architecture"
EXAMPLE = """\
plasticity-bench diagnose model.pt --network my_network:make --data batch.npz
plasticity-bench diagnose model.safetensors --network '{name: mlp, hidden: [64]}' --data batch.pt"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    parser.add_argument(
        "state",
        metavar="MODEL",
        type=given_path,
        help="parameters: a state dict of torch.save, or a .safetensors",
    )
    parser.add_argument(
        "--network",
        required=True,
        metavar="MODULE:CALLABLE|{name: FAMILY, ...}",
        help="what returns a new network of the architecture, or a network as suites state it",
    )
    parser.add_argument(
        "--data",
        required=True,
        metavar="FILE",
        type=given_path,
        help="inputs and, if there are any, targets: a .npz, a .safetensors or a .pt",
    )
    parser.add_argument(
        "--initial",
        metavar="FILE",
        type=given_path,
        help="the parameters before training, for distance_from_init",
    )
    parser.add_argument(
        "--measure",
        metavar="NAME",
        action="append",
        help="take this measurement only, or all, however long they take; may be repeated",
    )
    parser.add_argument(
        "--examples", type=shared.count, default=256, metavar="N", help="at most (default: 256)"
    )
    parser.add_argument(
        "--fresh", type=shared.count, default=5, metavar="N", help="fresh networks (default: 5)"
    )
    parser.add_argument(
        "--memory-gb", type=float, default=4.0, metavar="X", help="for a measurement (default: 4)"
    )
    parser.add_argument("--layers", action="store_true", help="show single layers too")
    parser.add_argument("--format", choices=("table", "markdown", "html"), default="table")
    parser.add_argument("--json", type=given_path, metavar="FILE", help="write all numbers")
    parser.add_argument("--plot", type=given_path, metavar="FILE", help="draw them: a .png or .pdf")


def execute(options: argparse.Namespace) -> int:
    """Print the table; write the JSON and the picture that are asked for."""
    from plasticity_bench.diagnosis import files
    from plasticity_bench.diagnosis.diagnose import diagnose
    from plasticity_bench.diagnosis.named_network import named_network
    from plasticity_bench.figures import paper_figure
    from plasticity_bench.networks.initialisation import seeded_module
    from plasticity_bench.standard_output import kept_for_data

    if options.plot:
        paper_figure.check_path(options.plot, "--plot")
    inputs, targets = files.read_batch(options.data)
    state = files.read_state(options.state)
    initial = files.read_state(options.initial) if options.initial else None
    with kept_for_data():  # what the user's network prints is not
        make = named_network(options.network, inputs, state)
        network = seeded_module(make, 0)
        files.load_state(network, state, options.state)
        diagnosis = diagnose(
            network,
            inputs,
            targets,
            fresh=make,
            fresh_seeds=options.fresh,
            initial=initial,
            measurements=_measurements(options.measure),
            examples=options.examples,
            memory_gb=options.memory_gb,
        )
    print(diagnosis.render(options.format, layers=options.layers))
    if options.json:
        diagnosis.to_json(options.json)
        say(f"Numbers: {options.json}")
    if options.plot:
        diagnosis.plot(options.plot)
        say(f"Picture: {options.plot}")
    return COMPLETE


def _measurements(names: list[str] | None) -> Any:
    if names and "all" in names:
        if len(names) > 1:
            raise BadInputError("--measure all is everything: remove the other --measure.")
        return "all"
    return names
