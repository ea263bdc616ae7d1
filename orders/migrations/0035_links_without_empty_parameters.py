"""What is still compared gets the key of its link without empty parameters, as of `?v=1&`."""

from importlib import import_module

from django.db import migrations

before = import_module("orders.migrations.0032_links_without_share_marks")


class Migration(migrations.Migration):
    dependencies = [("orders", "0034_told_of")]

    operations = [migrations.RunPython(before.give_new_keys, migrations.RunPython.noop)]
