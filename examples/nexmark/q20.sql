SELECT b.auction, b.bidder, b.price, b.channel, b.url, a.item_name, a.description, a.initial_bid, a.reserve, a.expires,
  a.seller, a.category, b."at" AS bid_at, b.extra AS bid_extra, a."at" AS auction_at, a.extra AS auction_extra
FROM bid b JOIN auction a ON a.id = b.auction
WHERE a.category = 10
