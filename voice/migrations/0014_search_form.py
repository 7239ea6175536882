from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("voice", "0013_sample_formats")]

    operations = [
        migrations.AddField(model, "search_form", models.TextField(db_default="", editable=False))
        for model in ("synthesis", "voicemodel", "voicesample")
    ]
