from django.db import migrations, models

import voice.request_id


class Migration(migrations.Migration):

    dependencies = [
        ('voice', '0005_kinds_of_work'),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='request_id',
            field=models.CharField(blank=True, db_default='', default=voice.request_id.request_id_current, max_length=64),
        ),
    ]
