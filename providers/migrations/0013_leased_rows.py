"""A lease is the same two columns in every row that a worker holds. The table stays as it is."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0012_leases_and_breaker'),
    ]

    operations = [
        migrations.AlterField(
            model_name='lease',
            name='held_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
