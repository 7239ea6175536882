from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):

    dependencies = [
        ('voice', '0002_synthesis_audio_removed_at'),
    ]

    operations = [
        migrations.AlterField(
            model_name='job',
            name='run_after',
            field=models.DateTimeField(db_default=Now()),
        ),
    ]
