"""The evidence pack of an environment: everything that the portal knows about how it came to be, what
was decided, what AWS did, and how it ended, as one archive that can be verified without the portal.

`records` reads the rows, `readme` says how to verify them, and `pack` writes the archive. The same
rows give the same bytes. To add a record, add its file in `pack.files_of`.

The pack contains stored documents only. None of them has a secret in it: sensitive inputs are never
stored, and outputs of stacks are left out, because AWS may return anything there.
"""

from provisioning.lifecycle.evidence.pack import EvidencePack, evidence_pack

__all__ = ["EvidencePack", "evidence_pack"]
