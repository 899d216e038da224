"""Every seam between rooms, and everything a plugin may implement.

One file a theme; this sign re-exports every name, so ``from gateway.interfaces import IDirectory`` is enough.
"""

from gateway.interfaces.approvals import ApprovalError, IApprovals
from gateway.interfaces.archive import ArchiveError, IArchive, IHolds, IRecording, IReel, ISearch, ITrack, Snapshot
from gateway.interfaces.directory import DirectoryError, IDirectory, IOperatorSource, IPolicySource
from gateway.interfaces.facts import IFacts, IFactSink, IFactSinkFactory, IFold, IJournal
from gateway.interfaces.inspectors import IFileInspector, IFileInspectorFactory, IInspection, InspectorError
from gateway.interfaces.live import ILive, ILiveSeat, IViewer, NotWatchable
from gateway.interfaces.orders import IOrders, IRoster
from gateway.interfaces.plugins import IInspectors, IQuarantine, Referenced
from gateway.interfaces.vault import ICredentialVault, IKeyPair, ISecondFactors, VaultError

__all__ = [
    "ApprovalError",
    "ArchiveError",
    "DirectoryError",
    "IApprovals",
    "IArchive",
    "ICredentialVault",
    "IDirectory",
    "IFactSink",
    "IFactSinkFactory",
    "IFacts",
    "IFileInspector",
    "IFileInspectorFactory",
    "IFold",
    "IHolds",
    "IInspection",
    "IInspectors",
    "IJournal",
    "IKeyPair",
    "ILive",
    "ILiveSeat",
    "IOperatorSource",
    "IOrders",
    "IPolicySource",
    "IQuarantine",
    "IRecording",
    "IReel",
    "IRoster",
    "ISearch",
    "ISecondFactors",
    "ITrack",
    "IViewer",
    "InspectorError",
    "NotWatchable",
    "Referenced",
    "Snapshot",
    "VaultError",
]
