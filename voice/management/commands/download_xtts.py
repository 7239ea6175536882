"""`manage.py download_xtts`: the published XTTS v2 checkpoint."""

from voice.engines.xtts import ENGINE
from voice.management.download import DownloadCommand


class Command(DownloadCommand):
    help = "Download the XTTS v2 checkpoint (1.9 GB, non-commercial licence), verify it and prepare it for loading."
    engine = ENGINE
