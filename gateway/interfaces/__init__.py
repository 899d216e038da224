"""Every seam between rooms, and everything a plugin may implement.

One file a theme; this sign re-exports every name, so ``from gateway.interfaces import IDirectory`` is enough.
"""

from gateway.interfaces.archive import ArchiveError, IArchive, IRecording, ITrack, Snapshot
from gateway.interfaces.directory import DirectoryError, IDirectory, IOperatorSource, IPolicySource
from gateway.interfaces.facts import IFacts, IFactSink, IFold, IJournal
from gateway.interfaces.inspectors import IFileInspector, IFileInspectorFactory, IInspection, InspectorError
from gateway.interfaces.orders import IOrders, IRoster
from gateway.interfaces.plugins import IInspectors, IQuarantine, Referenced
from gateway.interfaces.vault import ICredentialVault, IKeyPair, ISecondFactors, VaultError

__all__ = [
    "ArchiveError",
    "DirectoryError",
    "IArchive",
    "ICredentialVault",
    "IDirectory",
    "IFactSink",
    "IFacts",
    "IFileInspector",
    "IFileInspectorFactory",
    "IFold",
    "IInspection",
    "IInspectors",
    "IJournal",
    "IKeyPair",
    "IOperatorSource",
    "IOrders",
    "IPolicySource",
    "IQuarantine",
    "IRecording",
    "IRoster",
    "ISecondFactors",
    "ITrack",
    "InspectorError",
    "Referenced",
    "Snapshot",
    "VaultError",
]
