"""A lease is the same two columns in every row that a worker holds. The tables stay as they are."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0022_halts_and_poll_schedules'),
    ]

    operations = [
        migrations.AlterField(
            model_name='bulkjob',
            name='held_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='orderbatch',
            name='held_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
