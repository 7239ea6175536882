"""The search forms of what was written before there were any.

Apart from the columns and outside of one transaction, so that nobody waits for a long history: half of it done is no
harm, and a second run goes on.
"""

from django.db import migrations

from voice.models.lifecycle import search_form
from voice.selectors import row_batches


def fill(apps, schema_editor):
    for name, searched in (("Synthesis", "text"), ("VoiceModel", "name"), ("VoiceSample", "name")):
        rows = apps.get_model("voice", name).objects.using(schema_editor.connection.alias)
        for batch in row_batches(rows.filter(search_form="").only("pk", searched)):
            for row in batch:
                row.search_form = search_form(getattr(row, searched))
            rows.bulk_update(batch, ["search_form"])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("voice", "0014_search_form")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
