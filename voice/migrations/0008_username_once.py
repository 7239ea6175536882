"""One name is given once, whatever its case.

Accounts that share a name by now keep it, and go on to log in with it as it is spelled; they are printed, so that the
operator can rename them.
"""

from django.db import migrations, models

from voice.models.user import username_fold, username_fold_of_namesake


def fold(apps, schema_editor):
    users = apps.get_model("voice", "User").objects.using(schema_editor.connection.alias)
    first = {}
    for user in users.order_by("date_joined", "pk").iterator():
        folded = username_fold(user.username)
        older = first.setdefault(folded, user.username)
        is_first = older == user.username
        user.username_folded = folded if is_first else username_fold_of_namesake(folded, user.pk)
        user.save(update_fields=["username_folded"])
        if not is_first:
            print(f"\nThe account {user.username!r} has the name of the older account {older!r}. Both work; rename one.")


class Migration(migrations.Migration):
    dependencies = [("voice", "0007_synthesis_formats")]

    operations = [
        migrations.AddField("user", "username_folded", models.CharField(editable=False, max_length=500, null=True)),
        migrations.RunPython(fold, migrations.RunPython.noop),
        migrations.AlterField("user", "username_folded", models.CharField(editable=False, max_length=500, unique=True)),
    ]
