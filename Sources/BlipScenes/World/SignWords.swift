/// What is written on signs of the training style. Others: ``HeldOutCombinations/words``.
enum SignWords {
    static let all = [
        "STOP", "GO", "EXIT", "OPEN", "SALE", "TAXI", "CAFE", "BUS", "HOT", "ICE", "ZOO", "NO", "YES", "BAR", "PARK", "HELP", "FIRE",
        "SHOP", "MILK", "TEA", "SLOW", "EAST", "WEST", "SOUTH", "NORTH", "LEFT", "RIGHT", "UP", "DOWN", "IN", "OUT", "PUSH", "PULL",
        "BANK", "HOTEL", "FOOD", "FISH", "BREAD", "TOYS", "BIKE", "PLAY", "WASH", "COLD", "FREE", "NEW", "MENU", "GYM", "SKI", "ROAD",
        "KEY", "LAKE", "FARM", "MAP", "WIN", "JUICE", "GAME", "BOOKS", "HOME", "STAR", "MOON", "SUN", "CITY", "QUIET", "WAIT", "VISIT",
    ]

    /// What a sign with a word asks people to do or tells them; nil where it is a mere name.
    static func meaning(_ word: String) -> String? {
        switch word {
        case "STOP": "stop"
        case "EXIT", "OUT": "leave"
        case "GO": "go"
        case "WAIT": "wait"
        case "SLOW": "slow down"
        case "PUSH": "push"
        case "PULL": "pull"
        case "QUIET": "be quiet"
        default: nil
        }
    }

    static let digits = "0123456789"
    /// Without O and I, which look like 0 and 1.
    static let letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
}
