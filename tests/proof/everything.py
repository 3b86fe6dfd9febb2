"""All mutations, from all modules that write some down."""

from tests.proof import mutations_encryption, mutations_house, mutations_iam, mutations_network, mutations_public
from tests.proof.mutating import MUTATIONS, Mutation

MODULES = (mutations_network, mutations_encryption, mutations_public, mutations_house, mutations_iam)
ALL: tuple[Mutation, ...] = tuple(MUTATIONS)
