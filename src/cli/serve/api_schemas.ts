/** What the service's OpenAPI document says of requests and answers. */

const number = (description: string) => ({ type: 'number', description }) as const;
const text = (description: string) => ({ type: 'string', description }) as const;

const DECIDED_BY = {
  type: 'object',
  description: 'What decided.',
  required: ['source', 'rule'],
  properties: {
    source: { type: 'string', enum: ['calibration', 'training', 'preset', 'flag'] },
    rule: text('The rule in one line.'),
  },
} as const;

const errorBody = {
  type: 'object',
  required: ['code', 'error'],
  properties: {
    code: text(
      'What the error is about: picture, class, options, score, device, busy, unauthorized, not_found, timeout',
    ),
    error: text('One line: what is wrong, and what to do.'),
  },
} as const;

const failure = (description: string) => ({ description, ...errorBody });

/** The answers that any route may give. */
export const FAILURES = {
  401: failure('No token, or another one.'),
  503: failure('The device is being opened again, the service stops, or the answer took too long; see Retry-After.'),
} as const;

const verdict = {
  type: 'object',
  description: 'The picture was judged.',
  required: ['image', 'class', 'score', 'anomalous', 'image_score', 'peak', 'map_sum', 'ms'],
  properties: {
    image: text('The name that the form gave the file, or "picture".'),
    class: text('The class that it was judged as.'),
    score: number('How anomalous the picture is.'),
    normalized_score: number(
      'The same from 0, like good pictures, over 0.5, the default threshold, to 1, like faulty ones.',
    ),
    anomalous: { type: 'boolean', description: 'Whether the picture counts as faulty.' },
    decided_by: DECIDED_BY,
    regions: {
      type: 'array',
      description: 'Faulty areas, the highest peak first; only where the class is calibrated.',
      items: {
        type: 'object',
        required: ['box', 'area', 'peak'],
        properties: {
          box: { type: 'array', items: { type: 'integer' }, description: 'Left, top, width, height.' },
          area: number('Pixels.'),
          peak: {
            type: 'object',
            required: ['value', 'x', 'y'],
            properties: { value: { type: 'number' }, x: { type: 'integer' }, y: { type: 'integer' } },
          },
        },
      },
    },
    threshold: number('The threshold; only with --threshold.'),
    image_score: number("The detection token's score, 0 to 1."),
    peak: {
      type: 'object',
      description: "The map's largest value, 0 to 1, and where it is in the picture's own pixels.",
      required: ['value', 'x', 'y'],
      properties: { value: { type: 'number' }, x: { type: 'integer' }, y: { type: 'integer' } },
    },
    map_sum: {
      type: 'object',
      description: "Range of the sum of the levels' maps.",
      required: ['min', 'max'],
      properties: { min: { type: 'number' }, max: { type: 'number' } },
    },
    ms: number('Milliseconds on the device.'),
    heatmap: {
      ...text('A PNG of the picture with its map over it, base64; only with include=heatmap.'),
      format: 'byte',
    },
    mask: {
      ...text('A PNG that is white where the picture is faulty, base64; only with include=mask.'),
      format: 'byte',
    },
  },
} as const;

const picture = { schema: { type: 'string', format: 'binary' } } as const;

/** What a request may ask for beside the scores. */
export const INCLUDES: readonly string[] = ['heatmap', 'mask', 'heatmap,mask'];

/** The body of a prediction: documented, and read by our own code. */
export const PICTURE_BODY = {
  required: true,
  content: {
    'image/*': picture,
    'application/octet-stream': picture,
    'multipart/form-data': {
      schema: {
        type: 'object',
        required: ['picture'],
        properties: {
          picture: {
            type: 'string',
            format: 'binary',
            description: 'The only file of the form; its field may have any name.',
          },
          class: text('As in the query.'),
          include: text('As in the query.'),
        },
      },
    },
  },
} as const;

export const PREDICT = {
  operationId: 'predict',
  summary: 'Score one picture.',
  description: 'The picture is the body itself, or the one file of a form.',
  querystring: {
    type: 'object',
    properties: {
      class: text('What the picture shows; may be left out where the service has one class.'),
      include: { type: 'string', enum: INCLUDES, description: 'Adds pictures to the answer.' },
    },
  },
  response: {
    200: verdict,
    400: failure('The picture cannot be read, there is none or more than one, or the class is not served.'),
    408: failure('The body did not come within the time limit.'),
    413: failure('The body has too many bytes, or the picture too many pixels.'),
    415: failure('The body is neither a picture nor a form.'),
    429: failure('Too many pictures wait; see Retry-After.'),
    500: failure('The picture has no finite score.'),
    ...FAILURES,
  },
} as const;

export const CLASSES = {
  operationId: 'classes',
  summary: 'The classes that pictures can be judged as.',
  response: {
    200: {
      type: 'object',
      description: 'All classes.',
      required: ['classes'],
      properties: {
        classes: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name', 'domain', 'prompt_name', 'decided_by'],
            properties: {
              name: { type: 'string' },
              domain: { type: 'string', enum: ['Industrial', 'Medical'] },
              prompt_name: text('What its prompts call it.'),
              decided_by: DECIDED_BY,
              unknown_words: {
                type: 'array',
                items: { type: 'string' },
                description: 'Words that the model does not know.',
              },
            },
          },
        },
      },
    },
    ...FAILURES,
  },
} as const;

export const HEALTH = {
  operationId: 'health',
  summary: 'Whether pictures can be judged now.',
  response: {
    200: {
      type: 'object',
      description: 'They can.',
      required: ['status'],
      properties: { status: { type: 'string', enum: ['ok'] } },
    },
    503: failure('The device is being opened again, or the service stops.'),
  },
} as const;

export const METRICS = {
  operationId: 'metrics',
  summary: 'Counters, in the text form of Prometheus.',
  produces: ['text/plain'],
  response: { 200: { type: 'string', description: 'The metrics.' }, 401: FAILURES[401] },
} as const;
