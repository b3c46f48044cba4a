"""Simulated invocations: pages, logs and builds of a fleet that behaves, with the truth about them.

For demonstrations, dashboards and load tests. All that is written is marked as synthetic.
"""

from __future__ import annotations

from logparse.simulator.run import Simulation as Simulation
from logparse.simulator.run import simulate as simulate

__all__ = ["Simulation", "simulate"]
