from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('voice', '0003_job_run_after_by_database_clock'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('state__in', ['queued', 'running'])), fields=['owner', 'kind', 'state'], name='job_owner_unfinished'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['owner', 'kind', 'started_at'], name='job_owner_served'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('state', 'completed')), fields=['kind', '-finished_at'], name='job_kind_completed'),
        ),
    ]
