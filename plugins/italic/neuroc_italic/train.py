"""``neuroc train italic``: from folders of pictures to a weights file, resumable, with its evaluation (driver.py)."""

from __future__ import annotations

import numpy as np
import torch

from neuroc import safetensors
from neuroc.train import driver
from neuroc.train.optimiser import MuonAdam
from neuroc.train.pictures import luma, middle, read_groups
from neuroc.train.session import cosine
from neuroc.train.tiles import TileSampler
from neuroc.training import TrainRequest

from .evaluation import compare
from .floatnet import FloatNetwork
from .network import VARIANTS
from .schedule import LARGEST_TILE
from .training import TILE, Trainer

EVALUATION_TILES = 12  # on which export and float model are compared


def train(request: TrainRequest) -> None:
    """Train one network; raises UsageError for an unknown variant or unusable data."""
    variant = driver.chosen(VARIANTS, request, "rgb")
    device = driver.choose_device(request.device)
    groups = read_groups(request.data, luma if variant.channels == 1 else np.asarray)
    driver.demand_size(groups, TILE)
    torch.manual_seed(0)
    network = FloatNetwork(variant).to(device)
    matrices = list(network.weights)
    optimiser = MuonAdam(matrices[:-1], [matrices[-1], *network.biases])
    session = driver.begin(request, network, optimiser)
    driver.announce(variant.name, groups, request, device)
    trainer = Trainer(
        variant,
        TileSampler([(g.weight, g.train) for g in groups], seed=session.steps + 1),
        TileSampler([(g.weight, g.validation) for g in groups], seed=0),
        network,
        optimiser.step,
        optimiser.zero_grad,
        cosine,
        device=device,
        seed=session.steps + 1,
        large=any(min(p.shape[:2]) >= LARGEST_TILE for g in groups for p in g.train),
    )
    driver.run(session, trainer, network, optimiser)
    tiles = [middle(p, LARGEST_TILE, 4) for g in groups for p in g.validation if min(p.shape[:2]) >= TILE]
    tiles = tiles[:: -(-len(tiles) // EVALUATION_TILES)]
    exported = safetensors.serialise(network.cpu().export(), {"codec": "italic", "name": variant.name})
    driver.finish(request.out, network, exported, lambda: compare(network, exported, tiles))
