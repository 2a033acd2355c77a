/**
 * Names of things the generator does not draw. Captions sometimes use one of them in place of the class's own name, for
 * both states of a picture: the text tower learns to read the state independently of the thing's name.
 */
const WORDS = `
acrylic adapter alloy aluminium aluminum apple armor asphalt axle back bag ball band bar barrel base basket beam
bean bearing bed belt bin black blade blanket blister block blue board boat body bolt bone book bottle bottom bowl
box bracelet braid brake branch bread brick bronze brown brush bubble bucket buckle building bulb bumper burger bush
bushing button cabinet cable cake camera can candy canvas cap capacitor car card cardboard carpet cart cartridge
case casing cast ceiling cell cement ceramic chain chair chassis cheese chewing chip chocolate circuit clamp clay
clip clock cloth coal coat coated coffee coil coin component composite concrete cone connector container copper cork
corn cotton cover cracker crystal cup curtain cushion cylinder deck device diode disc dish display door drain drill
driver drum dryer duct egg elbow electrode enamel engine envelope fabric facade fan fastener fence fiber fibre film
filter finger fish flange flat floor flower foam foil food fork frame front fruit fuse gasket gate gauze gear gel
glass glove gold granite grass gravel gray green grey grid grip ground gum hammer handle harness hat head heater
helmet hinge hood hook hose house housing ice ink inner insulator iron jacket jar jewel joint juice key keyboard
knife knitted knob lace ladder lamp laptop large latch leaf leather left lens lid light link lock log lower macaroni
machine magnet mango marble mask mat material mattress medicine mesh metal meter microscope milk mirror module mold
moss motor mould mouse mug nail napkin necklace needle net nozzle nut nylon oil old orange outer oven package packet
pad paint painted pallet pan panel paper part pasta paste pavement pcb pea peach pebble pen pencil pepper phone
piece pin pink pipe piston plank plant plaster plastic plate plug plywood pocket pole polished polymer porcelain
post pot potato pottery powder print printed product profile pulley pump purple quilt rack rail raisin ray razor red
reel resin resistor ribbon rice right ring ripe rivet road rock rod roll roof rope rough round rubber rug sack sand
sandpaper sauce saw scale scissors scratch screen screw seal seam seat seed semiconductor sensor shaft sheet shelf
shell shiny shirt shoe shovel side sign silicon silk silver skin slab slate sleeve small smooth soap sock socket
soil solder spacer speaker sphere spindle sponge spool spoon spring square staple steel stick stone stopper strap
straw strip stripe striped stucco sugar suit switch syringe table tablet tank tape terminal textile thread tie tile
timber tin tire tomato tool tooth top towel toy track tray tree truck tube tyre umbrella upper valve varnish vase
vehicle velvet vest vial vinyl wafer wall wallet wallpaper washer watch water wax weave web weld wheel white window
wing wire wood wooden wool woven wrapper wrench yarn yellow zinc zipper
`;

const PHRASES = `
audiojack, background, bottle cap, brain, brick wall, button battery, candle, capsules, cashew, cast part, chewing
gum, colon, end cap, endoscopy image, eraser, fire hood, fryum, glass bottle, hazelnut, image, item, liver, machined
part, magnetic tile, metal nut, metal plate, metal surface, mint, mounts, object, painted panel, paper sheet,
pattern, phone battery, photo, picture, pipe fryum, plastic cap, plastic nut, plastic part, plastic plug, porcelain
doll, printed circuit board, regulator, retina, road surface, rolled, rubber seal, sample, scan, scene, sim card
set, skin lesion, solar cell, solar panel, specimen, steel rod, steel sheet, stone wall, strip base, surface,
terminal block, texture, thing, toothbrush, toy brick, transistor, u block, usb, usb adaptor, vcpill, wooden beads,
wooden board, woodstick
`;

/** Without duplicates. */
export const NOUNS = [
  ...new Set([
    ...WORDS.trim().split(/\s+/),
    ...PHRASES.trim()
      .split(',')
      .map((phrase) => phrase.trim().replace(/\s+/g, ' ')),
  ]),
];
