"""Looking for orders whose answer was lost, one account at a time.

Begin with `run`. `search.id_range` says between which ids an order can be, `search.ask_ids` asks
the provider, `search.match_ids` decides which id must be whose, `search.calibrate` says whether ids
prove anything here. What a person decides is in `link_orders` and `not_placed`.
"""
